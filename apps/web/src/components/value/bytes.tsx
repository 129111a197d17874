"use client";

import type { ClipboardEvent } from "react";
import { cn } from "#lib/cn.ts";
import { exactBytes, formatBytes } from "#lib/format/bytes.ts";

/** A size: rounded to read, exact on hover, exact when copied. */
export function Bytes({ value, className }: { value: number; className?: string }) {
  const copyExact = (event: ClipboardEvent) => {
    // A selection that reaches beyond this number is copied as it is.
    if (window.getSelection()?.toString().trim() !== formatBytes(value)) return;
    event.clipboardData.setData("text/plain", String(value));
    event.preventDefault();
  };
  return (
    <data
      value={value}
      title={exactBytes(value)}
      onCopy={copyExact}
      className={cn("whitespace-nowrap tabular-nums", className)}
    >
      {formatBytes(value)}
    </data>
  );
}
