import type { TaskState } from "@coppice/server/router";
import { parseAsStringLiteral } from "nuqs";

const VALUES = ["all", "running", "succeeded", "failed"] as const;

export type TaskFilter = (typeof VALUES)[number];

export const STATE_FILTERS = [
  { value: "all", label: "All" },
  { value: "running", label: "Running" },
  { value: "succeeded", label: "Succeeded" },
  { value: "failed", label: "Failed" },
] as const satisfies readonly { value: TaskFilter; label: string }[];

export const stateFilterParser = parseAsStringLiteral(VALUES).withDefault("all");

/** The filter as the server takes it. */
export function stateFilter(filter: TaskFilter): { state?: TaskState } {
  return filter === "all" ? {} : { state: filter };
}
