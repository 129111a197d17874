"use client";

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { cn } from "#lib/cn.ts";
import { Button } from "./button.tsx";

/** Puts `text` on the clipboard and says so for two seconds. */
export function CopyButton({ text, label, className }: { text: string; label: string; className?: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 2000);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState("copied"),
      () => setState("failed"),
    );

  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={label}
      title={state === "failed" ? "The browser did not allow copying" : label}
      onClick={() => void copy()}
      className={cn("size-6 [&_svg]:size-3.5", className)}
    >
      {state === "copied" ? <Check aria-hidden className="text-brand" /> : <Copy aria-hidden />}
      <span role="status" className="sr-only">
        {state === "copied" ? "Copied" : state === "failed" ? "Could not copy" : ""}
      </span>
    </Button>
  );
}
