import type { RestorePlanView, RestoreRequest } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, FactList, SpecText } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";

/** The server's plan of a restore. It depends on the state of the cluster, so it is never cached. */
export function useRestorePlan(request: RestoreRequest) {
  const query = useQuery(
    trpc.backups.restorePlan.queryOptions(request, {
      staleTime: 0,
      gcTime: 0,
      retry: false,
      refetchOnWindowFocus: false,
      trpc: { abortOnUnmount: true },
    }),
  );
  return {
    data: query.isFetching ? undefined : query.data,
    error: query.isFetching ? null : query.error,
    isPending: query.isFetching,
    retry: () => void query.refetch(),
  };
}

const WHAT = {
  new: "Makes a new image and copies the backup to it.",
  "in-place": "Writes what differs from the backup to the image.",
  instant: "Makes a clone of the backup, which can be used at once.",
  file: "Checks all of the backup, then writes it to a new file.",
} as const;

const ESTIMATES = {
  data: "what the backup holds",
  changes: "what was written to the image since the backup",
  comparison: "at most: the whole image is read and compared",
} as const;

/** What a restore would do, and what stands against it. */
export function RestorePlan({
  to,
  plan,
}: {
  to: RestoreRequest["to"];
  plan: ReturnType<typeof useRestorePlan>;
}) {
  const { data, error, isPending, retry } = plan;
  return (
    <section aria-label="Plan" aria-busy={isPending} className="flex min-h-40 flex-col gap-2">
      {isPending && (
        <div className="flex h-40 flex-col gap-3 rounded-lg border border-line bg-sunken p-4">
          <p className="text-ink-3">Checking what the restore would do…</p>
          <Skeleton className="w-4/5" />
          <Skeleton className="w-3/5" />
        </div>
      )}
      {error !== null && (
        <ProblemCallout
          problem={toProblem(error)}
          announce
          actions={
            <Button size="sm" onClick={retry}>
              Try again
            </Button>
          }
        />
      )}
      {data !== undefined && (
        <>
          {data.conflicts.map((conflict) => (
            <ProblemCallout
              key={`${conflict.code} ${conflict.message}`}
              problem={conflict}
              announce
              actions={
                <Button size="sm" onClick={retry}>
                  Check again
                </Button>
              }
            />
          ))}
          {data.warnings.map((warning) => (
            <Callout key={warning} kind="warn" title={warning} />
          ))}
          <PlanFacts to={to} plan={data} />
        </>
      )}
      <p role="status" className="sr-only">
        {isPending
          ? "Checking what the restore would do"
          : data === undefined
            ? ""
            : data.conflicts.length === 0
              ? "Nothing stands against the restore"
              : "The restore is not possible now"}
      </p>
    </section>
  );
}

function PlanFacts({ to, plan }: { to: RestoreRequest["to"]; plan: RestorePlanView }) {
  const { size, currentSize, bytesToWrite, estimatedBy, conflicts } = plan;
  const isReady = conflicts.length === 0;
  return (
    <div className="rounded-lg border border-line bg-sunken">
      {isReady && (
        <p className="flex items-start gap-2 p-4 pb-0 font-medium">
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-brand" />
          {WHAT[to.kind]}
        </p>
      )}
      <FactList
        className="p-4"
        facts={[
          [
            to.kind === "file" ? "File" : "Image",
            <SpecText key="to" spec={plan.restored} className="text-xs" />,
          ],
          [
            "Size",
            <span key="size">
              <Bytes value={size} />
              {currentSize !== null && currentSize !== size && (
                <span className="text-warn">
                  {" "}
                  · now <Bytes value={currentSize} />
                </span>
              )}
            </span>,
          ],
          [
            to.kind === "instant" ? "To copy later" : "To write",
            <span key="write">
              about <Bytes value={bytesToWrite} />{" "}
              <span className="text-ink-3">· {ESTIMATES[estimatedBy]}</span>
            </span>,
          ],
          ...(to.kind === "in-place"
            ? ([["Present state", to.safetySnapshot ? "kept in a snapshot" : "lost"]] as const)
            : []),
        ]}
      />
    </div>
  );
}
