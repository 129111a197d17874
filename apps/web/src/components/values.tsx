"use client";

import { type ClipboardEvent, type ReactNode, useSyncExternalStore } from "react";
import { cn } from "#lib/cn.ts";
import { absoluteTime, exactBytes, formatBytes, relativeTime } from "#lib/format.ts";
import { parseSpec } from "#lib/spec.ts";

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

interface TimeProps {
  /** ISO 8601, as the server sends it. */
  at: string;
  /** `relative` shows the moment on hover, `absolute` the distance, `both` the two. */
  show?: "relative" | "absolute" | "both";
  className?: string;
}

/** A moment: relative and absolute with its zone. */
export function Time({ at, show = "relative", className }: TimeProps) {
  const now = useNow();
  const moment = new Date(at);
  const near = relativeTime(moment, now);
  const full = absoluteTime(moment);
  return (
    <time
      dateTime={at}
      title={show === "relative" ? full : show === "absolute" ? near : undefined}
      className={cn("whitespace-nowrap tabular-nums", className)}
    >
      {show === "absolute" ? full : near}
      {show === "both" && <span className="text-ink-3"> · {full}</span>}
    </time>
  );
}

const STEP_MS = 10_000;

let now = new Date();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = new Date();
    timer = setInterval(() => {
      now = new Date();
      for (const notify of listeners) notify();
    }, STEP_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const snapshot = () => now;

/** The current time in steps of ten seconds: one clock for all relative times on screen. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

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

/** Names and values, one pair a line. */
export function FactList({
  facts,
  className,
}: {
  facts: readonly (readonly [string, ReactNode])[];
  className?: string;
}) {
  return (
    <dl className={cn("grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-1.5", className)}>
      {facts.map(([name, value]) => (
        <div key={name} className="col-span-2 grid grid-cols-subgrid items-baseline">
          <dt className="text-ink-3 text-xs">{name}</dt>
          <dd className="wrap-anywhere min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
