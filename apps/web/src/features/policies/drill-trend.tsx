import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { Panel } from "#components/ui/panel.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { absoluteTime, formatDuration } from "#lib/format.ts";

const LISTED = 5;

/** How long the restore drills of a policy took, oldest first, as bars; and the newest as a list. */
export function DrillTrend({ policyId }: { policyId: string }) {
  const { data, error } = useQuery(trpc.policies.drills.queryOptions({ id: policyId }));
  const rows = data?.rows ?? [];
  const longest = Math.max(...rows.map(({ seconds }) => seconds ?? 0), 0.001);
  return (
    <Panel title="Restore drills">
      {error !== null ? (
        <p className="p-4 text-danger">{toProblem(error).message}</p>
      ) : rows.length === 0 ? (
        <p className="p-4 text-ink-2">
          No drill yet. A drill restores the newest backup to a scratch image, compares it with its digests,
          and removes it again.
        </p>
      ) : (
        <>
          <div
            role="img"
            aria-label={`Duration of the last ${rows.length} drills, at most ${formatDuration(longest)}`}
            className="flex h-24 items-end gap-px px-4 pt-4"
          >
            {rows.toReversed().map(({ at, image, ok, seconds }) => (
              <span
                key={`${at}/${image}`}
                title={`${image}: ${ok ? formatDuration(seconds ?? 0) : "failed"}, ${absoluteTime(new Date(at))}`}
                style={{ height: `${ok ? Math.max(4, ((seconds ?? 0) / longest) * 100) : 100}%` }}
                className={cn("min-w-1 max-w-4 flex-1 rounded-t-sm", ok ? "bg-brand" : "bg-danger")}
              />
            ))}
          </div>
          <p className="border-line border-t px-4 py-1.5 text-2xs text-ink-3">
            Seconds to restore and compare, oldest to newest. The longest took {formatDuration(longest)}.
          </p>
          <ul className="divide-y divide-line border-line border-t">
            {rows.slice(0, LISTED).map(({ at, image, ok, seconds, bytes }) => (
              <li
                key={`${at}/${image}`}
                className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2 text-xs"
              >
                {ok ? (
                  <CircleCheck aria-label="Succeeded" className="size-3.5 text-brand" />
                ) : (
                  <CircleX aria-label="Failed" className="size-3.5 text-danger" />
                )}
                <SpecText spec={image} className="min-w-0 flex-1" />
                {bytes !== null && <Bytes value={bytes} className="text-ink-2" />}
                <span className="text-ink-2 tabular-nums">
                  {seconds === null ? "–" : formatDuration(seconds)}
                </span>
                <Time at={at} className="text-ink-3" />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
