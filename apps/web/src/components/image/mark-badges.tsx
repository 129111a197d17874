import { Badge } from "#components/ui/badge.tsx";
import { Tooltip } from "#components/ui/tooltip.tsx";
import type { MarkLook } from "#lib/image/marks.ts";

/** Marks as badges, in words. `compact` leaves the words to tooltip and screen reader. */
export function MarkBadges({ marks, compact = false }: { marks: readonly MarkLook[]; compact?: boolean }) {
  return marks.map(({ label, meaning, icon: Icon, tone }) => (
    <Tooltip key={label} label={compact ? `${label}: ${meaning}` : meaning}>
      <Badge tone={tone}>
        <Icon aria-hidden />
        <span className={compact ? "sr-only" : undefined}>{label}</span>
      </Badge>
    </Tooltip>
  ));
}
