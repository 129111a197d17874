import type { ImageListRow } from "@coppice/server/router";
import {
  CircleAlert,
  Hammer,
  Layers,
  type LucideIcon,
  Scissors,
  Trash2,
  TriangleAlert,
  Unlink,
  Unplug,
} from "lucide-react";
import { Badge, type BadgeTone } from "#components/ui/panel.tsx";
import { Tooltip } from "#components/ui/popover.tsx";

/** A status of an image that the user should know about. */
export interface ImageStatus {
  label: string;
  /** What the status means and what to do about it. */
  meaning: string;
  icon: LucideIcon;
  tone: BadgeTone;
}

/** The statuses by the marks that the server reports. */
const STATUSES: Record<string, ImageStatus> = {
  deep: {
    label: "Deep",
    meaning:
      "This image has a long chain of parents. Reading data that it has not written can go through all of them. Flatten it to shorten the chain.",
    icon: Layers,
    tone: "warn",
  },
  "flatten-candidate": {
    label: "Flatten candidate",
    meaning: "Flattening this image also reduces the depth of all its descendants.",
    icon: Scissors,
    tone: "info",
  },
  orphan: {
    label: "Orphan",
    meaning:
      "The parent of this image cannot be found, so data that the image has not written itself cannot be read.",
    icon: Unlink,
    tone: "danger",
  },
  "parent-in-trash": {
    label: "Parent in trash",
    meaning:
      "The parent image or its snapshot is in the trash. It is kept until its last clone is flattened or removed.",
    icon: Trash2,
    tone: "warn",
  },
};

const UNREADABLE: ImageStatus = {
  label: "Unreadable",
  meaning: "This image could not be read.",
  icon: CircleAlert,
  tone: "danger",
};

const IN_TRASH: ImageStatus = {
  label: "In trash",
  meaning: "This image was moved to the trash.",
  icon: Trash2,
  tone: "neutral",
};

type Operation = NonNullable<ImageListRow["operation"]>;

/** What is done to an image, by the purpose of the operation. What makes it is named by its kind. */
const CHANGES: Record<string, { running: string; noun: string }> = {
  remove: { running: "Being removed", noun: "removal" },
  flatten: { running: "Being flattened", noun: "flatten" },
  rollback: { running: "Being rolled back", noun: "rollback" },
};

/** What makes an image, as a noun. */
const MAKINGS: Record<string, string> = {
  volume: "creation",
  template: "template import",
};

/** What is done to an image by this operation, as a noun: "clone", "removal". */
export function operationNoun({ kind, purpose }: Pick<Operation, "kind" | "purpose">): string {
  if (purpose === "make") return kind === null ? "creation" : (MAKINGS[kind] ?? kind);
  return CHANGES[purpose]?.noun ?? kind ?? "change";
}

function statusOf(operation: Operation): ImageStatus {
  const { purpose, state } = operation;
  const isMade = purpose === "make";
  if (state === "running") {
    return {
      label: isMade ? "Being made" : (CHANGES[purpose]?.running ?? "Being changed"),
      meaning: isMade
        ? "A program is making this image. Its content is not complete yet."
        : "A program is working on this image.",
      icon: Hammer,
      tone: "info",
    };
  }
  const noun = operationNoun(operation);
  return {
    label: `Interrupted: ${noun}`,
    meaning: isMade
      ? `The ${noun} that makes this image was interrupted, so its content is not complete. Do not use the image before the ${noun} is finished or undone.`
      : `The ${noun} of this image was interrupted. Finish or undo it.`,
    icon: Unplug,
    tone: isMade ? "danger" : "warn",
  };
}

/** The most severe first. */
const SEVERITY: Record<BadgeTone, number> = { danger: 0, warn: 1, info: 2, neutral: 3, brand: 4 };

/** Compares statuses: the most severe first. */
export function bySeverity(a: { tone: BadgeTone }, b: { tone: BadgeTone }): number {
  return SEVERITY[a.tone] - SEVERITY[b.tone];
}

/** The statuses of an image, the most severe first. A mark that the dashboard does not know is shown by its name. */
export function statusesOf(image: {
  state: "ok" | "unreadable";
  inTrash: boolean;
  marks: readonly string[];
  operation: Operation | null;
}): ImageStatus[] {
  const known = image.marks.map(
    (mark): ImageStatus =>
      STATUSES[mark] ?? { label: mark, meaning: mark, icon: TriangleAlert, tone: "neutral" },
  );
  const all = [
    ...(image.state === "unreadable" ? [UNREADABLE] : []),
    ...(image.operation === null ? [] : [statusOf(image.operation)]),
    ...known,
    ...(image.inTrash ? [IN_TRASH] : []),
  ];
  return all.sort(bySeverity);
}

interface StatusBadgesProps {
  statuses: readonly ImageStatus[];
  /** How many badges show their label; the others show an icon, with the label in the tooltip and for screen readers. */
  labelled?: number;
}

/** The statuses of an image as badges with explanations. */
export function StatusBadges({ statuses, labelled = statuses.length }: StatusBadgesProps) {
  return statuses.map(({ label, meaning, icon: Icon, tone }, index) => {
    const hasLabel = index < labelled;
    return (
      <Tooltip key={label} label={hasLabel ? meaning : `${label}: ${meaning}`}>
        <Badge tone={tone}>
          <Icon aria-hidden />
          <span className={hasLabel ? undefined : "sr-only"}>{label}</span>
        </Badge>
      </Tooltip>
    );
  });
}
