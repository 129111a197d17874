import type {
  Job,
  PolicyDefinition,
  PolicyJobView,
  ProtectionState,
  RunItem,
  RunState,
} from "@coppice/server/router";
import {
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Clock,
  Loader,
  type LucideIcon,
  ShieldCheck,
  ShieldOff,
  SkipForward,
} from "lucide-react";
import type { BadgeTone } from "#components/ui/panel.tsx";
import { plural } from "#lib/format.ts";

/** How a state is displayed. The icon and the word carry the meaning; the tone only emphasises it. */
interface Look {
  label: string;
  icon: LucideIcon;
  tone: BadgeTone;
}

export const RUN_STATE: Record<RunState, Look> = {
  waiting: { label: "Waiting", icon: CircleDashed, tone: "neutral" },
  running: { label: "Running", icon: Loader, tone: "info" },
  succeeded: { label: "Succeeded", icon: CircleCheck, tone: "brand" },
  failed: { label: "Failed", icon: CircleX, tone: "danger" },
  skipped: { label: "Skipped", icon: SkipForward, tone: "warn" },
};

export const ITEM_STATE: Record<RunItem["state"], Look> = {
  waiting: { label: "Waiting", icon: CircleDashed, tone: "neutral" },
  queued: { label: "Working", icon: Loader, tone: "info" },
  succeeded: { label: "Succeeded", icon: CircleCheck, tone: "brand" },
  failed: { label: "Failed", icon: CircleX, tone: "danger" },
  canceled: { label: "Canceled", icon: CircleX, tone: "warn" },
  skipped: { label: "Skipped", icon: SkipForward, tone: "neutral" },
};

export const PROTECTION: Record<ProtectionState, Look & { meaning: string }> = {
  late: {
    label: "Late",
    icon: Clock,
    tone: "danger",
    meaning: "The newest good backup is older than the policy's objective.",
  },
  unprotected: {
    label: "Unprotected",
    icon: ShieldOff,
    tone: "warn",
    meaning: "No policy chooses the image.",
  },
  unknown: {
    label: "Unknown",
    icon: CircleHelp,
    tone: "warn",
    meaning: "The backups of the image cannot be read now.",
  },
  pending: {
    label: "Pending",
    icon: CircleDashed,
    tone: "neutral",
    meaning: "The first backup is not due yet.",
  },
  fresh: {
    label: "Protected",
    icon: ShieldCheck,
    tone: "brand",
    meaning: "There is a good backup within the objective.",
  },
};

export const JOB: Record<Job, { label: string; run: string }> = {
  backup: { label: "Backup", run: "Back up now" },
  verify: { label: "Verify", run: "Verify now" },
  drill: { label: "Restore drill", run: "Run a drill now" },
};

/** Which images a policy chooses, in short: "vms/* and 2 more, except tmp-*". */
export function selectionInWords({ images, patterns, pools, exclude }: PolicyDefinition["select"]): string {
  const all = [...pools.map((pool) => `pool ${pool}`), ...patterns, ...images];
  const shown = all.slice(0, 3).join(", ");
  const more = all.length > 3 ? ` and ${all.length - 3} more` : "";
  return shown + more + (exclude.length === 0 ? "" : `, except ${exclude.slice(0, 2).join(", ")}`);
}

const RULES = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;

/** A retention in short: "last 3, 7 daily, all monthly". */
export function retentionInWords(retention: PolicyDefinition["retention"]): string {
  if (retention === null) return "Everything is kept";
  const parts: string[] = [];
  if (retention.keepLast === "all") parts.push("all");
  else if (retention.keepLast !== undefined && retention.keepLast > 0)
    parts.push(`last ${retention.keepLast}`);
  for (const rule of RULES) {
    const count = retention[rule];
    if (count !== undefined && count !== 0) parts.push(`${count} ${rule}`);
  }
  const { days } = retention.within ?? {};
  if (days !== undefined && days > 0) parts.push(`everything of ${plural(days, "day")}`);
  return parts.join(", ");
}

/** How a run's images fared: "3 of 4 succeeded, 1 failed". */
export function countsInWords({
  total,
  succeeded,
  failed,
  skipped,
}: NonNullable<PolicyJobView["lastRun"]>["counts"]) {
  if (total === 0) return "No images";
  const done = succeeded === total ? plural(total, "image") : `${succeeded} of ${plural(total, "image")}`;
  return [
    done,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(", ");
}
