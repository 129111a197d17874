import { CircleAlert, Layers, type LucideIcon, Scissors, Trash2, TriangleAlert, Unlink } from "lucide-react";
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
}): ImageStatus[] {
  const known = image.marks.map(
    (mark): ImageStatus =>
      STATUSES[mark] ?? { label: mark, meaning: mark, icon: TriangleAlert, tone: "neutral" },
  );
  const all = [
    ...(image.state === "unreadable" ? [UNREADABLE] : []),
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
