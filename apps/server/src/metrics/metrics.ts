import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type Clock, within } from "../base/clock.ts";
import { ANSWER_MS } from "../cluster/cluster-connection.ts";
import type { Clusters } from "../cluster/clusters.ts";
import type { Database } from "../db/database.ts";
import type { Hub } from "../events/hub.ts";
import type { Inventories } from "../inventory/inventories.ts";
import { isFinal, type TaskSummary } from "../tasks/task.ts";

/** Seconds: a clone takes less than one, a full backup of a large image hours. */
const DURATIONS = [0.5, 2, 10, 60, 300, 1800, 7200, 28_800];

interface MetricsSources {
  database: Database;
  clusters: Clusters;
  inventories: Inventories;
  hub: Hub;
  clock: Clock;
  version: string;
}

/** What the server measures about itself, in the format of Prometheus. Features add their own to `registry`. */
export class Metrics {
  readonly registry = new Registry();
  readonly #durations: Histogram<"kind" | "state">;

  constructor() {
    const registers = [this.registry];
    // Process, heap, garbage collection and the delay of the event loop.
    collectDefaultMetrics({ register: this.registry });
    this.#durations = new Histogram({
      name: "coppice_task_duration_seconds",
      help: "How long tasks ran, by kind and by the state in which they ended.",
      labelNames: ["kind", "state"],
      buckets: DURATIONS,
      registers,
    });
  }

  /** Takes note of a task that has changed. One that was cut off ended at a time that nobody knows. */
  taskChanged({ kind, state, startedAt, endedAt }: TaskSummary): void {
    if (!isFinal(state) || state === "interrupted" || startedAt === null || endedAt === null) return;
    this.#durations.observe({ kind, state }, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  }

  /** Adds what is asked for when the metrics are read. */
  observe({ database, clusters, inventories, hub, clock, version }: MetricsSources): void {
    const registers = [this.registry];
    new Gauge({
      name: "coppice_build_info",
      help: "Always 1; the label has the version of the server.",
      labelNames: ["version"],
      registers,
    }).set({ version }, 1);
    new Gauge({
      name: "coppice_tasks",
      help: "Tasks in the database, by kind and state.",
      labelNames: ["kind", "state"],
      registers,
      async collect() {
        this.reset();
        const counts = await database
          .selectFrom("task")
          .select(["kind", "state", ({ fn }) => fn.countAll<number>().as("count")])
          .groupBy(["kind", "state"])
          .execute();
        for (const { kind, state, count } of counts) this.set({ kind, state }, Number(count));
      },
    });
    new Gauge({
      name: "coppice_event_streams",
      help: "Open event streams: a tab of the dashboard has one.",
      registers,
      collect() {
        this.set(hub.subscribers);
      },
    });
    const latency = new Gauge({
      name: "coppice_cluster_check_seconds",
      help: "How long the monitors and an OSD took to answer just now.",
      labelNames: ["cluster"],
      registers,
    });
    new Gauge({
      name: "coppice_cluster_up",
      help: "1 while the cluster answers, 0 while it does not.",
      labelNames: ["cluster"],
      registers,
      async collect() {
        await Promise.all(
          Array.from(clusters, async ([cluster, connection]) => {
            latency.remove({ cluster });
            if (connection.answering) {
              const start = performance.now();
              const late = () => new Error("the cluster does not answer");
              const check = within(clock, ANSWER_MS, connection.check(), late);
              if (
                await check.then(
                  () => true,
                  () => false,
                )
              )
                latency.set({ cluster }, (performance.now() - start) / 1000);
            }
            this.set({ cluster }, connection.answering ? 1 : 0);
          }),
        );
      },
    });
    new Gauge({
      name: "coppice_inventory_scanned_timestamp_seconds",
      help: "When the images of the cluster were read last, in seconds since 1970; missing before the first time.",
      labelNames: ["cluster"],
      registers,
      collect() {
        for (const [cluster, { scannedAt }] of inventories)
          if (scannedAt !== null) this.set({ cluster }, Date.parse(scannedAt) / 1000);
      },
    });
  }
}
