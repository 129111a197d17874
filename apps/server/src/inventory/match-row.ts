import type { ImageListInput } from "../procedures/images/list.schema.ts";
import type { CatalogRow } from "./catalog.ts";

type Filter = Pick<ImageListInput, "search" | "pool" | "namespace" | "kind">;

/** Marks that mean something should be done; a flatten candidate is only a suggestion. */
const TROUBLE: ReadonlySet<string> = new Set(["orphan", "parent-in-trash", "deep"]);

const KINDS: Record<Filter["kind"], (row: CatalogRow) => boolean> = {
  all: () => true,
  roots: ({ view, node }) => view.state === "ok" && node.parentState === "none",
  clones: ({ node }) => node.parentState !== "none",
  trash: ({ view }) => view.inTrash,
  problems: ({ view }) => view.state === "unreadable" || view.marks.some((mark) => TROUBLE.has(mark)),
};

/** Whether a row passes the filter. Every word of the search must be somewhere in the spec. */
export function matcher({ search, pool, namespace, kind }: Filter): (row: CatalogRow) => boolean {
  const words = search?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const isKind = KINDS[kind];
  return (row) =>
    (pool === undefined || row.view.pool === pool) &&
    (namespace === undefined || row.view.namespace === namespace) &&
    isKind(row) &&
    words.every((word) => row.haystack.includes(word));
}
