"use client";

import type { AuditListRow } from "@coppice/server/router";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX, Download, ScrollText, SearchX } from "lucide-react";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { Button, buttonStyle } from "#components/ui/button.tsx";
import { Input, Segmented, Select, useDebounced } from "#components/ui/form.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { SpecText, Time } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { type AuditQuery, auditFilterOf, exportAddress, OUTCOMES, PERIODS } from "./audit-filter.ts";
import { Cell, SettingsTable, TableBox, TableSkeleton } from "./table.tsx";

const FILTERS = {
  user: parseAsString.withDefault(""),
  action: parseAsString.withDefault(""),
  object: parseAsString.withDefault(""),
  outcome: parseAsStringLiteral(OUTCOMES).withDefault("all"),
  period: parseAsStringLiteral(PERIODS).withDefault("any"),
};

const NO_FILTER: AuditQuery = { user: "", action: "", object: "", outcome: "all", period: "any" };

/** Who did what to which object, when, with which result. For administrators. */
export function AuditTab() {
  const [query, setQuery] = useQueryStates(FILTERS);
  const { user, action, object, outcome, period } = useDebounced(query, 250);
  const filter = useMemo(
    () => auditFilterOf({ user, action, object, outcome, period }, new Date()),
    [user, action, object, outcome, period],
  );
  const entries = useInfiniteQuery(
    trpc.audit.list.infiniteQueryOptions(
      { ...filter, limit: 100 },
      { getNextPageParam: (page) => page.nextCursor, staleTime: 0 },
    ),
  );
  const rows = entries.data?.pages.flatMap((page) => page.rows);
  const filtered = Object.keys(filter).length > 0;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          aria-label="User"
          placeholder="User"
          value={query.user}
          onValueChange={(value) => void setQuery({ user: value })}
          className="min-w-32 flex-1 sm:w-36 sm:flex-none"
        />
        <Input
          aria-label="Action"
          placeholder="Action"
          value={query.action}
          onValueChange={(value) => void setQuery({ action: value })}
          className="min-w-32 flex-1 sm:w-40 sm:flex-none"
        />
        <Input
          aria-label="Object"
          placeholder="Object"
          value={query.object}
          onValueChange={(value) => void setQuery({ object: value })}
          className="min-w-32 flex-1 sm:w-52 sm:flex-none"
        />
        <Segmented
          label="Result"
          value={query.outcome}
          onValueChange={(value) => void setQuery({ outcome: value })}
          options={[
            { value: "all", label: "All" },
            { value: "ok", label: "Done" },
            { value: "failed", label: "Refused or failed" },
          ]}
        />
        <Select
          aria-label="Period"
          className="w-36"
          options={[
            { value: "any", label: "Any time" },
            { value: "day", label: "Last 24 hours" },
            { value: "week", label: "Last 7 days" },
            { value: "month", label: "Last 30 days" },
          ]}
          value={query.period}
          onValueChange={(value) =>
            void setQuery({ period: PERIODS.find((each) => each === value) ?? "any" })
          }
        />
        <span className="ml-auto flex gap-2">
          {(["csv", "jsonl"] as const).map((format) => (
            <a
              key={format}
              href={exportAddress(format, filter)}
              download
              className={cn(buttonStyle({ size: "md" }))}
            >
              <Download aria-hidden />
              {format === "csv" ? "CSV" : "JSON lines"}
            </a>
          ))}
        </span>
      </div>
      <TableBox>
        {rows === undefined ? (
          entries.isError ? (
            <ErrorState
              title="The audit log could not be loaded"
              problem={toProblem(entries.error)}
              onRetry={() => void entries.refetch()}
            />
          ) : (
            <TableSkeleton rows={8} />
          )
        ) : rows.length > 0 ? (
          <SettingsTable
            columns={[
              { label: "Time", className: "hidden w-36 sm:table-cell" },
              { label: "User", className: "w-28 sm:w-36" },
              { label: "Action" },
              { label: "Object", className: "hidden md:table-cell" },
              { label: "Result", className: "hidden lg:table-cell" },
            ]}
          >
            {rows.map((row) => (
              <AuditRow key={row.id} row={row} />
            ))}
          </SettingsTable>
        ) : filtered ? (
          <EmptyState
            icon={SearchX}
            title="No matching entries"
            actions={<Button onClick={() => void setQuery(NO_FILTER)}>Show all entries</Button>}
          >
            Nothing in the audit log fits these filters.
          </EmptyState>
        ) : (
          <EmptyState icon={ScrollText} title="No entries yet">
            Every sign-in and every change is listed here, with who made it and how it ended.
          </EmptyState>
        )}
      </TableBox>
      {entries.hasNextPage && (
        <Button
          className="self-center"
          disabled={entries.isFetchingNextPage}
          onClick={() => void entries.fetchNextPage()}
        >
          Show older entries
        </Button>
      )}
    </div>
  );
}

function AuditRow({ row }: { row: AuditListRow }) {
  const result = <Result row={row} />;
  return (
    <tr>
      <Cell className="hidden text-ink-2 sm:table-cell">
        <Time at={row.at} />
      </Cell>
      <Cell>
        <span className="wrap-anywhere">{row.username}</span>
        {row.apiKey !== null && (
          <span className="wrap-anywhere block text-ink-3 text-xs">via key {row.apiKey}</span>
        )}
        <span className="wrap-anywhere block font-mono text-2xs text-ink-3">{row.address}</span>
      </Cell>
      <Cell>
        <span className="wrap-anywhere font-mono text-xs">{row.action}</span>
        <span className="mt-0.5 block md:hidden">
          <AuditObject row={row} />
        </span>
        <span className="mt-0.5 block lg:hidden">{result}</span>
        <span className="block text-ink-3 text-xs sm:hidden">
          <Time at={row.at} />
        </span>
      </Cell>
      <Cell className="hidden md:table-cell">
        <AuditObject row={row} />
      </Cell>
      <Cell className="hidden lg:table-cell">{result}</Cell>
    </tr>
  );
}

function AuditObject({ row: { object, cluster } }: { row: AuditListRow }) {
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      {object !== null && <SpecText spec={object} className="text-xs" />}
      {cluster !== null && <Badge>{cluster}</Badge>}
    </span>
  );
}

function Result({ row: { outcome, message } }: { row: AuditListRow }) {
  if (outcome === "ok") {
    return (
      <span className="flex items-center gap-1.5 text-ink-2">
        <CircleCheck aria-hidden className="size-3.5 shrink-0 text-brand" />
        Done
      </span>
    );
  }
  return (
    <span className="flex items-start gap-1.5">
      <CircleX aria-hidden className="mt-0.5 size-3.5 shrink-0 text-danger" />
      <span className="wrap-anywhere min-w-0">
        {message ?? "Refused."}
        <span className="block font-mono text-2xs text-ink-3">{outcome}</span>
      </span>
    </span>
  );
}
