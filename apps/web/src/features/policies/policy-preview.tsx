import type { Job, PolicyPreview } from "@coppice/server/router";
import { keepPreviousData, skipToken, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText, Time } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { isEmptySelection, type PolicyDraft, retentionOf, selectOf } from "./policy-draft.ts";
import { RetentionTimeline } from "./retention-timeline.tsx";

/** What the server makes of the schedules and the selection of a draft. */
export function usePreview(draft: PolicyDraft) {
  return useQuery(
    trpc.policies.preview.queryOptions(
      {
        cluster: useCluster(),
        select: selectOf(draft),
        timeZone: draft.timeZone,
        crons: {
          backup: draft.backupCron,
          verify: draft.verify ? draft.verifyCron : null,
          drill: draft.drill ? draft.drillCron : null,
        },
      },
      { placeholderData: keepPreviousData },
    ),
  );
}

/** A schedule in words with the time when it is due next, or what is wrong with it. */
export function ScheduleInWords({ preview, job }: { preview: PolicyPreview | undefined; job: Job }) {
  const found = preview?.jobs.find((each) => each.job === job);
  if (found === undefined) return <>Minute, hour, day of the month, month, day of the week.</>;
  if (found.error !== null) {
    return (
      <span className="text-danger">
        {found.error.message} {found.error.hint}
      </span>
    );
  }
  return (
    <span className="text-ink-2">
      {found.words}
      {found.next.slice(0, 2).map((at, index) => (
        <span key={at}>
          {index === 0 ? ". Next: " : ", then "}
          <Time at={at} show={index === 0 ? "both" : "relative"} />
        </span>
      ))}
    </span>
  );
}

/** The images that the draft chooses now. */
export function MatchedImages({
  preview,
  isEmpty,
}: {
  preview: UseQueryResult<PolicyPreview, unknown>;
  isEmpty: boolean;
}) {
  const { data } = preview;
  return (
    <Panel
      title="Matching images"
      className="lg:sticky lg:top-4"
      aside={
        data !== undefined && (
          <span className="text-ink-2 text-xs tabular-nums">{formatCount(data.total)}</span>
        )
      }
    >
      {data === undefined ? (
        <div aria-busy="true" className="flex flex-col gap-3 p-4">
          <Skeleton className="w-2/3" />
          <Skeleton className="w-1/2" />
        </div>
      ) : data.total === 0 ? (
        <p className="p-4 text-ink-2">
          {isEmpty ? "Name images, patterns or pools to see what matches." : "No image matches now."}
        </p>
      ) : (
        <ul
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard.
          tabIndex={0}
          aria-label="Matching images"
          className="max-h-96 overflow-y-auto py-2 text-xs"
        >
          {data.images.map((image) => (
            <li key={image} className="px-4 py-0.5">
              <SpecText spec={image} />
            </li>
          ))}
          {data.total > data.images.length && (
            <li className="px-4 py-1 text-ink-3">and {formatCount(data.total - data.images.length)} more</li>
          )}
        </ul>
      )}
    </Panel>
  );
}

/** What the retention of a draft would keep, on time lines. A dry run on the server: nothing is removed. */
export function RetentionPreviewPanel({ draft }: { draft: PolicyDraft }) {
  const cluster = useCluster();
  const retention = retentionOf(draft);
  const select = selectOf(draft);
  const { data, error } = useQuery(
    trpc.policies.previewRetention.queryOptions(
      retention === null || !draft.retain
        ? skipToken
        : {
            cluster,
            select,
            target: draft.target === "" || isEmptySelection(select) ? null : draft.target,
            cron: draft.backupCron,
            timeZone: draft.timeZone,
            retention,
          },
      { placeholderData: keepPreviousData, retry: false },
    ),
  );
  if (error !== null) {
    const { message, hint } = toProblem(error);
    return (
      <p className="text-danger text-xs">
        {message} {hint}
      </p>
    );
  }
  if (data === undefined) return <Skeleton className="h-11 w-full" />;
  const { projected, existing } = data;
  return (
    <div className="flex flex-col gap-4">
      <div>
        <p className="mb-1 text-ink-2 text-xs">
          In the long run this keeps {plural(projected.kept, "point")} of each image
          {projected.isComplete ? "" : ", and more as time goes on"}. Hover over a point to see why.
        </p>
        <RetentionTimeline points={projected.points} label="What the retention keeps in the long run" />
      </div>
      {existing !== null && (
        <div>
          <p className="mb-1 text-ink-2 text-xs">
            Of the backups that are there, {formatCount(existing.removed)} would be removed and{" "}
            {formatCount(existing.kept)} kept, of {plural(existing.images, "image")}. Shown:{" "}
            <SpecText spec={existing.image} />
          </p>
          <RetentionTimeline
            points={existing.points}
            label={`What the retention keeps of ${existing.image}`}
          />
        </div>
      )}
    </div>
  );
}
