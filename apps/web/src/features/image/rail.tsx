import { cn } from "#lib/cn.ts";

interface RailProps {
  kind: "head" | "user" | "system" | "origin";
  above: boolean;
  below: boolean;
}

/** The piece of the rail beside one row: a line from above, a point, a line on. Decorative; the text says the same. */
export function Rail({ kind, above, below }: RailProps) {
  return (
    <span aria-hidden className="relative w-6 shrink-0 self-stretch">
      {above && <span className="absolute top-0 left-[11px] h-[22px] w-0.5 bg-line-strong" />}
      {below && (
        <span
          className={cn(
            "absolute top-[22px] bottom-0 left-[11px] w-0.5 bg-line-strong",
            kind === "head" &&
              "bg-[repeating-linear-gradient(var(--line-strong)_0_3px,transparent_3px_6px)] bg-transparent",
          )}
        />
      )}
      <span
        className={cn(
          "absolute top-4 left-1.5 size-3 rounded-full border-2 border-brand bg-surface",
          kind === "head" && "left-[5px] size-3.5 border-brand bg-brand ring-3 ring-brand-soft",
          kind === "system" && "border-line-strong bg-hover",
          kind === "origin" && "rounded-[3px] border-line-strong bg-surface",
        )}
      />
    </span>
  );
}
