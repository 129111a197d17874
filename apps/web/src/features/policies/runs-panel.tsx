import type { CountedRun, RunItem } from "@coppice/server/router";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight } from "lucide-react";
import Link from "next/link";
import { parseAsString, useQueryState } from "nuqs";
import { ErrorState } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatDuration, plural } from "#lib/format.ts";
import { countsInWords, ITEM_STATE, JOB, RUN_STATE } from "./policy-words.ts";

/** The runs of a policy, newest first. The one in the address is open, and shows what became of each image. */
export function RunsPanel({ policyId }: { policyId: string }) {
  const [open, setOpen] = useQueryState("run", parseAsString);
  const runs = useInfiniteQuery(
    trpc.policies.runs.infiniteQueryOptions(
      { id: policyId, limit: 20 },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  );
  const rows = runs.data?.pages.flatMap((page) => page.rows);
  return (
    <Panel title="Runs">
      {rows === undefined ? (
        runs.isError ? (
          <ErrorState
            title="The runs could not be loaded"
            problem={toProblem(runs.error)}
            onRetry={() => void runs.refetch()}
          />
        ) : (
          <div aria-busy="true" className="flex flex-col gap-3 p-4">
            <Skeleton className="w-1/2" />
            <Skeleton className="w-2/3" />
          </div>
        )
      ) : rows.length === 0 ? (
        <p className="p-4 text-ink-2">It has not run yet.</p>
      ) : (
        <ul className="divide-y divide-line">
          {rows.map((run) => (
            <RunRow
              key={run.id}
              run={run}
              isOpen={run.id === open}
              onToggle={() => void setOpen(run.id === open ? null : run.id)}
            />
          ))}
        </ul>
      )}
      {runs.hasNextPage && (
        <div className="flex justify-center border-line border-t p-2">
          <Button size="sm" disabled={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
            Show older runs
          </Button>
        </div>
      )}
    </Panel>
  );
}

function RunRow({ run, isOpen, onToggle }: { run: CountedRun; isOpen: boolean; onToggle: () => void }) {
  const look = RUN_STATE[run.state];
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  const { startedAt, endedAt } = run;
  return (
    <li>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={onToggle}
        className="grid w-full grid-cols-[1rem_1fr] items-center gap-x-2 gap-y-1 px-4 py-2.5 text-left hover:bg-hover focus-visible:-outline-offset-2 sm:grid-cols-[1rem_7rem_7rem_1fr_auto]"
      >
        <Chevron aria-hidden className="size-4 text-ink-3" />
        <span className="font-medium">{JOB[run.job].label}</span>
        <span className="col-start-2 sm:col-start-auto">
          <Badge tone={look.tone}>
            <look.icon aria-hidden />
            {look.label}
          </Badge>
        </span>
        <span className="col-start-2 min-w-0 text-ink-2 text-xs sm:col-start-auto">
          {run.state === "skipped" ? null : countsInWords(run.counts)}
          {run.reason !== null && <span className="wrap-anywhere block">{run.reason}</span>}
          {run.cause === "catch-up" && (
            <span className="block">
              Caught up
              {run.missed > 0 ? `, with ${plural(run.missed, "earlier time")} that passed` : ""}
            </span>
          )}
          {run.username !== null && <span className="block">Started by {run.username}</span>}
        </span>
        <span className="col-start-2 text-ink-2 text-xs sm:col-start-auto sm:text-right">
          <Time at={startedAt ?? run.dueAt} />
          {startedAt !== null && endedAt !== null && (
            <span className="block text-ink-3">
              {formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}
            </span>
          )}
        </span>
      </button>
      {isOpen && <Outcomes runId={run.id} />}
    </li>
  );
}

const SHOWN = 200;
const head = "h-8 px-3 text-left font-medium text-ink-3 text-2xs";
const cell = "px-3 py-1.5 align-top text-xs";

/** What became of each image of a run, the failed ones first. */
function Outcomes({ runId }: { runId: string }) {
  const { data, error } = useQuery(trpc.policies.outcomes.queryOptions({ runId, limit: SHOWN }));
  if (data === undefined) {
    if (error !== null) return <p className="px-4 pb-3 text-danger text-xs">{toProblem(error).message}</p>;
    return (
      <div aria-busy="true" className="px-4 pb-3">
        <Skeleton className="w-1/2" />
      </div>
    );
  }
  if (data.items.length === 0)
    return <p className="px-4 pb-3 text-ink-2 text-xs">There are no images in it.</p>;
  return (
    <div className="px-4 pb-3">
      <table className="w-full table-fixed rounded-md border border-line bg-sunken">
        <thead>
          <tr>
            <th scope="col" className={head}>
              Image
            </th>
            <th scope="col" className={`${head} w-28`}>
              Outcome
            </th>
            <th scope="col" className={`${head} hidden w-24 text-right sm:table-cell`}>
              Data
            </th>
            <th scope="col" className={`${head} hidden w-24 text-right sm:table-cell`}>
              Duration
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {data.items.map((item) => (
            <Outcome key={item.seq} item={item} />
          ))}
        </tbody>
      </table>
      {data.total > data.items.length && (
        <p className="mt-2 text-ink-3 text-xs">
          {plural(data.total - data.items.length, "more image")} not shown.
        </p>
      )}
    </div>
  );
}

function Outcome({ item }: { item: RunItem }) {
  const links = useLinks();
  const look = ITEM_STATE[item.state];
  const why =
    item.why === null ? null : item.backupKind === null ? item.why : `${item.backupKind}: ${item.why}`;
  const name = item.image === null ? "Retention" : <SpecText spec={item.image} />;
  return (
    <tr>
      <td className={cell}>
        {item.taskId === null ? (
          name
        ) : (
          <Link href={links.task(item.taskId)} prefetch={false} className="rounded-sm hover:underline">
            {name}
          </Link>
        )}
        {why !== null && <span className="wrap-anywhere block text-ink-2">{why}</span>}
        {item.error !== null && (
          <span className="wrap-anywhere block text-danger">
            {item.error.message} {item.error.hint}
          </span>
        )}
      </td>
      <td className={cell}>
        <Badge tone={look.tone}>
          <look.icon aria-hidden />
          {look.label}
        </Badge>
      </td>
      <td className={`${cell} hidden text-right text-ink-2 sm:table-cell`}>
        {item.bytes === null ? "–" : <Bytes value={item.bytes} />}
      </td>
      <td className={`${cell} hidden text-right text-ink-2 tabular-nums sm:table-cell`}>
        {item.seconds === null ? "–" : formatDuration(item.seconds)}
      </td>
    </tr>
  );
}
