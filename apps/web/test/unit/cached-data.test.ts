import type { LineageForest, TaskListPage, TaskSummary } from "@coppice/server/router";
import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import {
  applyTask,
  applyUnchangedInventory,
  invalidateCluster,
  invalidateInventory,
} from "#features/cluster/cached-data.ts";
import { trpc } from "#lib/api.ts";

const forestKey = (cluster: string) => trpc.lineage.forest.queryKey({ cluster });
const tasksKey = (cluster: string) => trpc.tasks.list.queryKey({ cluster });

function clientOf(...clusters: string[]): QueryClient {
  const client = new QueryClient();
  for (const cluster of clusters) {
    client.setQueryData<LineageForest>(forestKey(cluster), { cluster, scannedAt: "1", nodes: [] });
    client.setQueryData<TaskListPage>(tasksKey(cluster), { rows: [task(cluster)], nextCursor: null });
  }
  return client;
}

function task(cluster: string): TaskSummary {
  return {
    id: "00000000-0000-4000-8000-000000000001",
    kind: "clone",
    title: "Clone",
    state: "running",
    phase: null,
    done: 0,
    total: null,
    unit: "steps",
    rate: null,
    createdAt: "2026-03-01T00:00:00Z",
    startedAt: null,
    endedAt: null,
    user: "admin",
    object: { kind: "image", cluster, spec: "rbd/b", pool: "rbd", namespace: "", image: "b" },
    related: [],
  };
}

const stale = (client: QueryClient, key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated;

test("an inventory without changes updates the time of its cluster only", () => {
  const client = clientOf("east", "west");
  applyUnchangedInventory(client, { cluster: "east", scannedAt: "2" });
  expect(client.getQueryData<LineageForest>(forestKey("east"))?.scannedAt).toBe("2");
  expect(client.getQueryData<LineageForest>(forestKey("west"))?.scannedAt).toBe("1");
});

test("an inventory with changes invalidates the images of its cluster only, and no tasks", async () => {
  const client = clientOf("east", "west");
  await invalidateInventory(client, "east");
  expect(stale(client, forestKey("east"))).toBe(true);
  expect(stale(client, forestKey("west"))).toBe(false);
  expect(stale(client, tasksKey("east"))).toBe(false);
});

test("missed events of one cluster invalidate that cluster; of all, everything", async () => {
  const client = clientOf("east", "west");
  await invalidateCluster(client, "east");
  expect([stale(client, tasksKey("east")), stale(client, tasksKey("west"))]).toEqual([true, false]);
  await invalidateCluster(client, null);
  expect(stale(client, forestKey("west"))).toBe(true);
});

test("a task is updated in the lists of its cluster; a list without it is fetched again", () => {
  const client = clientOf("east", "west");
  applyTask(client, { ...task("east"), done: 1 });
  expect(client.getQueryData<TaskListPage>(tasksKey("east"))?.rows[0]?.done).toBe(1);
  expect(client.getQueryData<TaskListPage>(tasksKey("west"))?.rows[0]?.done).toBe(0);
  applyTask(client, { ...task("west"), id: "00000000-0000-4000-8000-000000000002" });
  expect([stale(client, tasksKey("east")), stale(client, tasksKey("west"))]).toEqual([false, true]);
});
