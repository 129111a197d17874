import { LoaderCircle } from "lucide-react";
import { cn } from "#lib/cn.ts";

/** Something is under way. Beside text that says what. */
export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={cn("size-4 animate-spin-slow", className)} />;
}
