import { CircleAlert, Layers, type LucideIcon, Scissors, Trash2, TriangleAlert, Unlink } from "lucide-react";
import { Badge, type BadgeTone } from "#components/ui/panel.tsx";
import { Tooltip } from "#components/ui/popover.tsx";

interface MarkBadgesProps {
  marks: readonly MarkLook[];
  /** How many are spelled out; the others are icons, with the words in tooltip and screen reader. */
  spelled?: number;
}

/** What is to be pointed out about an image. */
export function MarkBadges({ marks, spelled = marks.length }: MarkBadgesProps) {
  return marks.map(({ label, meaning, icon: Icon, tone }, index) => {
    const inWords = index < spelled;
    return (
      <Tooltip key={label} label={inWords ? meaning : `${label}: ${meaning}`}>
        <Badge tone={tone}>
          <Icon aria-hidden />
          <span className={inWords ? undefined : "sr-only"}>{label}</span>
        </Badge>
      </Tooltip>
    );
  });
}

/** How a mark reads and looks. */
export interface MarkLook {
  label: string;
  /** What it means and what to do, in a sentence. */
  meaning: string;
  icon: LucideIcon;
  tone: BadgeTone;
}

const MARKS: Record<string, MarkLook> = {
  deep: {
    label: "Deep",
    meaning: "Many parents lie under this image: each read of unwritten data may go through all of them.",
    icon: Layers,
    tone: "warn",
  },
  "flatten-candidate": {
    label: "Flatten candidate",
    meaning: "Flattening this image helps most: all images below it get shallower, too.",
    icon: Scissors,
    tone: "info",
  },
  orphan: {
    label: "Orphan",
    meaning: "Its parent cannot be found, so data that it never wrote itself cannot be read.",
    icon: Unlink,
    tone: "danger",
  },
  "parent-in-trash": {
    label: "Parent in trash",
    meaning:
      "Its parent, or the snapshot it was cloned from, is in the trash and is kept only for its clones.",
    icon: Trash2,
    tone: "warn",
  },
};

const UNREADABLE: MarkLook = {
  label: "Unreadable",
  meaning: "This image could not be read.",
  icon: CircleAlert,
  tone: "danger",
};

const IN_TRASH: MarkLook = {
  label: "In trash",
  meaning: "This image was moved to the trash.",
  icon: Trash2,
  tone: "neutral",
};

/** The worst first. */
const RANK: Record<BadgeTone, number> = { danger: 0, warn: 1, info: 2, neutral: 3, brand: 4 };

/** Orders what is to be pointed out: the worst first. */
export function byWeight(a: { tone: BadgeTone }, b: { tone: BadgeTone }): number {
  return RANK[a.tone] - RANK[b.tone];
}

/** All that is to be pointed out about an image, the worst first. A mark that is not known shows its own name. */
export function marksOf(image: {
  state: "ok" | "unreadable";
  inTrash: boolean;
  marks: readonly string[];
}): MarkLook[] {
  const known = image.marks.map(
    (mark): MarkLook => MARKS[mark] ?? { label: mark, meaning: mark, icon: TriangleAlert, tone: "neutral" },
  );
  const all = [
    ...(image.state === "unreadable" ? [UNREADABLE] : []),
    ...known,
    ...(image.inTrash ? [IN_TRASH] : []),
  ];
  return all.sort(byWeight);
}
