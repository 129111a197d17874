import type { TaskState, TaskSummary } from "@coppice/server/router";
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleX,
  Loader,
  type LucideIcon,
  OctagonPause,
  Unplug,
} from "lucide-react";
import { formatBytes, formatCount, formatPercent, formatRate, formatRemaining } from "./format.ts";

/** How a state is displayed. The icon and the word carry the meaning; the tone only emphasises it. */
interface TaskStateLook {
  label: string;
  icon: LucideIcon;
  tone: "neutral" | "brand" | "danger" | "warn" | "info";
}

export const TASK_STATE: Record<TaskState, TaskStateLook> = {
  queued: { label: "Queued", icon: CircleDashed, tone: "neutral" },
  running: { label: "Running", icon: Loader, tone: "info" },
  canceling: { label: "Canceling", icon: OctagonPause, tone: "warn" },
  canceled: { label: "Canceled", icon: Ban, tone: "neutral" },
  succeeded: { label: "Succeeded", icon: CircleCheck, tone: "brand" },
  failed: { label: "Failed", icon: CircleX, tone: "danger" },
  interrupted: { label: "Interrupted", icon: Unplug, tone: "warn" },
};

/** Whether a task in this state has not ended yet. */
export function isActive(state: TaskState): boolean {
  return state === "queued" || state === "running" || state === "canceling";
}

type Progress = Pick<TaskSummary, "done" | "total" | "unit" | "rate">;

/** How much of a task is done: `2 GiB of 10 GiB`, `2 of 4 steps`, `120 objects`. */
export function progressAmount({ done, total, unit }: Progress): string {
  if (unit === "bytes") {
    return total === null ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
  }
  const noun = (total ?? done) === 1 ? unit.slice(0, -1) : unit;
  return total === null
    ? `${formatCount(done)} ${noun}`
    : `${formatCount(done)} of ${formatCount(total)} ${noun}`;
}

/** How much of a task is done, in percent; null while the total is unknown. */
export function progressPercent({ done, total }: Progress): string | null {
  return total === null || total === 0 ? null : formatPercent(done, total);
}

/** The rate of a task: `84 MiB/s`, `12 objects/s`; null when it is unknown, and for steps. */
export function progressRate({ rate, unit }: Progress): string | null {
  if (rate === null || rate <= 0 || unit === "steps") return null;
  return unit === "bytes" ? formatRate(rate) : `${formatCount(Math.round(rate))} ${unit}/s`;
}

/** The remaining time; null when it is unknown, and for steps, whose durations differ too much for an estimate. */
export function progressRemaining({ done, total, rate, unit }: Progress): string | null {
  return unit === "steps" ? null : formatRemaining(done, total, rate);
}
