import type { TaskState } from "@coppice/server/router";
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

/** How a state reads and looks: never by colour alone. */
export interface TaskStateLook {
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

/** Whether a task in this state can still change. */
export function isActive(state: TaskState): boolean {
  return state === "queued" || state === "running" || state === "canceling";
}
