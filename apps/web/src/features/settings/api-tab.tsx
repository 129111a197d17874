"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Download, SearchX } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import { useMemo } from "react";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { Button, buttonStyle, CopyButton } from "#components/ui/button.tsx";
import { Input } from "#components/ui/form.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { toProblem } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { type ApiCall, type ApiDocument, callsByArea } from "./api-document.ts";

const DOCUMENT = "/api/v1/openapi.json";

/** The API: how it is called, and every call with its input and output, from the server's OpenAPI document. */
export function ApiTab() {
  const [search, setSearch] = useQueryState("call", parseAsString.withDefault(""));
  const api = useQuery({ queryKey: ["openapi"], queryFn: readDocument, staleTime: Number.POSITIVE_INFINITY });
  const areas = useMemo(() => (api.data === undefined ? [] : [...callsByArea(api.data)]), [api.data]);
  const wanted = search.trim().toLowerCase();
  const matches = areas
    .map(
      ([area, calls]) => [area, calls.filter(({ name, path }) => matchesText(wanted, name, path))] as const,
    )
    .filter(([, calls]) => calls.length > 0);
  return (
    <div className="flex flex-col gap-4">
      <Panel
        title="How to call it"
        aside={
          <a href={DOCUMENT} download="coppice-openapi.json" className={cn(buttonStyle({ size: "sm" }))}>
            <Download aria-hidden />
            OpenAPI document
          </a>
        }
      >
        <div className="flex flex-col gap-2 px-4 py-3 text-ink-2">
          <p>
            Create a key under API keys and send it as a bearer token. What reads is a GET with its input in
            the query; what changes something is a POST with its input as JSON. What takes time answers with
            the id of a task.
          </p>
          <Example />
        </div>
      </Panel>
      {api.data === undefined ? (
        api.isError ? (
          <ErrorState
            title="The document could not be loaded"
            problem={toProblem(api.error)}
            onRetry={() => void api.refetch()}
          />
        ) : (
          <div aria-busy="true" className="flex flex-col gap-3">
            {["w-1/3", "w-1/2", "w-2/5"].map((width) => (
              <Skeleton key={width} className={width} />
            ))}
          </div>
        )
      ) : (
        <>
          <Input
            aria-label="Search the calls"
            placeholder="Search the calls"
            value={search}
            onValueChange={(value) => void setSearch(value === "" ? null : value)}
            className="w-full sm:w-72"
          />
          {matches.length === 0 && (
            <EmptyState
              icon={SearchX}
              title="No matching calls"
              actions={<Button onClick={() => void setSearch(null)}>Show all calls</Button>}
            />
          )}
          {matches.map(([area, calls]) => (
            <Panel key={area} title={<span className="font-mono">{area}</span>}>
              <div className="divide-y divide-line">
                {calls.map((call) => (
                  <Call key={call.name} call={call} />
                ))}
              </div>
            </Panel>
          ))}
        </>
      )}
    </div>
  );
}

function matchesText(wanted: string, ...texts: string[]): boolean {
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

async function readDocument({ signal }: { signal: AbortSignal }): Promise<ApiDocument> {
  const response = await fetch(DOCUMENT, { signal });
  if (!response.ok) throw new Error(`The server answered with status ${response.status}.`);
  return (await response.json()) as ApiDocument;
}

function Example() {
  const command = `curl -H "Authorization: Bearer $COPPICE_KEY" ${window.location.origin}/api/v1/clusters/list`;
  return (
    <div className="flex items-start gap-2 rounded-md border border-line bg-sunken px-3 py-2">
      <code className="wrap-anywhere flex-1 font-mono text-ink text-xs">{command}</code>
      <CopyButton text={command} label="Copy the command" />
    </div>
  );
}

function Call({ call: { method, path, description, input, output } }: { call: ApiCall }) {
  return (
    <details className="group">
      <summary className="flex cursor-pointer list-none flex-wrap items-center gap-2 px-4 py-2 hover:bg-hover focus-visible:-outline-offset-2">
        <ChevronRight
          aria-hidden
          className="size-3.5 shrink-0 text-ink-3 transition-transform group-open:rotate-90"
        />
        <Badge tone={method === "GET" ? "neutral" : "brand"} className="w-12 justify-center">
          {method}
        </Badge>
        <span className="wrap-anywhere font-mono text-xs">{path}</span>
      </summary>
      <div className="grid gap-3 px-4 pt-1 pb-4 md:grid-cols-2">
        <p className="text-ink-2 md:col-span-2">{description.replaceAll("`", "")}</p>
        <Shape title="Input" text={input ?? "None"} />
        <Shape title="Output" text={output} />
      </div>
    </details>
  );
}

function Shape({ title, text }: { title: string; text: string }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 font-medium text-ink-3 text-xs">{title}</p>
      <section
        aria-label={title}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable with the keyboard.
        tabIndex={0}
        className="max-h-80 overflow-auto rounded-md border border-line bg-sunken px-3 py-2"
      >
        <pre className="font-mono text-2xs text-ink-2">{text}</pre>
      </section>
    </div>
  );
}
