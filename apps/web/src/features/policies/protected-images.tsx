import type { ProtectionState } from "@coppice/server/router";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { SearchX, ShieldPlus } from "lucide-react";
import Link from "next/link";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Select } from "#components/ui/form.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText, Time } from "#components/values.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { PROTECTION } from "./policy-words.ts";

const STATES = ["all", "late", "unprotected", "unknown", "pending", "fresh", "verify"] as const;

const head = "h-9 px-4 text-left font-medium text-ink-3 text-xs";
const cell = "px-4 py-2 align-top";

/** The images of the cluster with their policies, and the age of their newest backup and check. */
export function ProtectedImages() {
  const cluster = useCluster();
  const links = useLinks();
  const mayOperate = useMayOperate();
  const [state, setState] = useQueryState("state", parseAsStringLiteral(STATES).withDefault("all"));
  const summary = useQuery(trpc.protection.summary.queryOptions({ cluster })).data;
  const filter: { state?: ProtectionState; verifyLate?: boolean } =
    state === "all" ? {} : state === "verify" ? { verifyLate: true } : { state };
  const list = useInfiniteQuery(
    trpc.protection.list.infiniteQueryOptions(
      { cluster, limit: 100, ...filter },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  );
  const rows = list.data?.pages.flatMap((page) => page.rows);
  const countOf = (each: (typeof STATES)[number]) =>
    summary === undefined
      ? undefined
      : each === "all"
        ? summary.total
        : each === "verify"
          ? summary.verifyLate
          : summary.states[each];
  const options = STATES.map((each) => {
    const label =
      each === "all" ? "All images" : each === "verify" ? "Not verified in time" : PROTECTION[each].label;
    const count = countOf(each);
    return { value: each, label, ...(count === undefined ? {} : { note: formatCount(count) }) };
  });
  return (
    <>
      <Select
        aria-label="Filter by protection"
        options={options}
        value={state}
        onValueChange={(next) => void setState(STATES.find((each) => each === next) ?? "all")}
        className="w-64 max-w-full"
      />
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {rows === undefined ? (
          list.isError ? (
            <ErrorState
              title="The images could not be loaded"
              problem={toProblem(list.error)}
              onRetry={() => void list.refetch()}
            />
          ) : (
            <div aria-busy="true" className="flex flex-col gap-4 p-4">
              <Skeleton className="w-2/3" />
              <Skeleton className="w-1/2" />
              <Skeleton className="w-3/5" />
            </div>
          )
        ) : rows.length === 0 ? (
          <EmptyState
            icon={SearchX}
            title={state === "all" ? "No images" : "No image is in this state"}
            {...(state === "all"
              ? {}
              : { actions: <Button onClick={() => void setState("all")}>Show all images</Button> })}
          />
        ) : (
          <table className="w-full table-fixed">
            <thead className="border-line border-b bg-sunken">
              <tr>
                <th scope="col" className={head}>
                  Image
                </th>
                <th scope="col" className={`${head} w-32 sm:w-36`}>
                  Protection
                </th>
                <th scope="col" className={`${head} hidden w-36 sm:table-cell`}>
                  Newest backup
                </th>
                <th scope="col" className={`${head} hidden w-36 md:table-cell`}>
                  Verified
                </th>
                <th scope="col" className={`${head} hidden lg:table-cell`}>
                  Policies
                </th>
              </tr>
            </thead>
            <tbody className="divide-y divide-line">
              {rows.map((row) => {
                const look = PROTECTION[row.state];
                return (
                  <tr key={row.key} className="hover:bg-hover">
                    <td className={cell}>
                      <Link
                        href={links.image(row.image)}
                        prefetch={false}
                        className="rounded-sm hover:underline"
                      >
                        <SpecText spec={row.image} className="text-xs" />
                      </Link>
                    </td>
                    <td className={cell}>
                      <Badge tone={look.tone} title={look.meaning}>
                        <look.icon aria-hidden />
                        {look.label}
                      </Badge>
                    </td>
                    <td className={`${cell} hidden text-ink-2 sm:table-cell`}>
                      {row.lastBackupAt === null ? "None" : <Time at={row.lastBackupAt} />}
                    </td>
                    <td className={`${cell} hidden text-ink-2 md:table-cell`}>
                      {row.lastVerifyAt === null ? "Never" : <Time at={row.lastVerifyAt} />}
                      {row.verifyLate && (
                        <span className="block text-2xs text-warn">later than its objective</span>
                      )}
                    </td>
                    <td className={`${cell} hidden lg:table-cell`}>
                      {row.policies.length === 0 && mayOperate ? (
                        <ButtonLink size="sm" prefetch={false} href={links.editPolicy(undefined, row.image)}>
                          <ShieldPlus aria-hidden />
                          Protect…
                        </ButtonLink>
                      ) : (
                        <span className="flex flex-wrap gap-x-2">
                          {row.policies.map(({ id, name }) => (
                            <Link
                              key={id}
                              href={links.policy(id)}
                              prefetch={false}
                              className="rounded-sm text-ink-2 text-xs hover:underline"
                            >
                              {name}
                            </Link>
                          ))}
                        </span>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
      {list.hasNextPage && (
        <Button
          className="self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          Show more images
        </Button>
      )}
    </>
  );
}
