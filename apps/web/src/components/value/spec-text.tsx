import { cn } from "#lib/cn.ts";
import { parseSpec } from "#lib/spec/image-spec.ts";

/** An image's spec in monospace: the place quieter than the name. */
export function SpecText({ spec, className }: { spec: string; className?: string }) {
  const parsed = parseSpec(spec);
  if (parsed === null) return <span className={cn("wrap-anywhere font-mono", className)}>{spec}</span>;
  const place = spec.slice(0, spec.lastIndexOf("/") + 1);
  return (
    <span className={cn("wrap-anywhere font-mono", className)}>
      <span className="text-ink-3">{place}</span>
      {parsed.image}
      {parsed.snapshot !== undefined && <span className="text-ink-2">@{parsed.snapshot}</span>}
    </span>
  );
}
