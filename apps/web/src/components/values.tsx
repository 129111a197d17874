"use client";

import { type ClipboardEvent, type ReactNode, useSyncExternalStore } from "react";
import { cn } from "#lib/cn.ts";
import { useByteUnits, useTimeZone } from "#lib/display.ts";
import { absoluteTime, exactBytes, formatBytes, relativeTime } from "#lib/format.ts";
import { parseSpec, visibleName } from "#lib/spec.ts";

/** A size in bytes: rounded on screen, exact on hover and when it is copied. */
export function Bytes({ value, className }: { value: number; className?: string }) {
  const [units] = useByteUnits();
  const copyExact = (event: ClipboardEvent) => {
    // A selection that contains more than this number is copied unchanged.
    if (window.getSelection()?.toString().trim() !== formatBytes(value, units)) return;
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
      {formatBytes(value, units)}
    </data>
  );
}

interface TimeProps {
  /** ISO 8601, as the server sends it. */
  at: string;
  /** `relative` shows the absolute time on hover, and vice versa. */
  show?: "relative" | "absolute" | "both";
  className?: string;
}

/** A point in time, relative to now and absolute with its time zone. */
export function Time({ at, show = "relative", className }: TimeProps) {
  const date = new Date(at);
  const relative = relativeTime(date, useNow());
  const [zone] = useTimeZone();
  const absolute = absoluteTime(date, zone ?? undefined);
  return (
    <time
      dateTime={at}
      title={show === "relative" ? absolute : show === "absolute" ? relative : undefined}
      className={cn("whitespace-nowrap tabular-nums", className)}
    >
      {show === "absolute" ? absolute : relative}
      {show === "both" && <span className="text-ink-3"> · {absolute}</span>}
    </time>
  );
}

const TICK_MS = 10_000;

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
    }, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const currentTime = () => now;

/** The current time, updated every ten seconds. All relative times on screen share one timer. */
function useNow(): Date {
  return useSyncExternalStore(subscribe, currentTime, currentTime);
}

/** The spec of an image in monospace, with the pool and namespace less prominent than the name. */
export function SpecText({ spec, className }: { spec: string; className?: string }) {
  const parsed = parseSpec(spec);
  if (parsed === null)
    return <span className={cn("wrap-anywhere font-mono", className)}>{visibleName(spec)}</span>;
  const prefix = spec.slice(0, spec.lastIndexOf("/") + 1);
  return (
    <span className={cn("wrap-anywhere font-mono", className)}>
      <span className="text-ink-3">{visibleName(prefix)}</span>
      {visibleName(parsed.image)}
      {parsed.snapshot !== undefined && <span className="text-ink-2">@{visibleName(parsed.snapshot)}</span>}
    </span>
  );
}

/** Names and values, one pair per line. */
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
