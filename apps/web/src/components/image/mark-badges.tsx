import { Badge } from "#components/ui/badge.tsx";
import { Tooltip } from "#components/ui/tooltip.tsx";
import type { MarkLook } from "#lib/image/marks.ts";

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
