import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { Metrics } from "../../src/metrics/metrics.ts";
import { imageObject, type TaskSummary } from "../../src/tasks/task.ts";
import { httpBench } from "../support/http-bench.ts";
import { CLUSTER } from "../support/stub-services.ts";

const read = (name: string) =>
  readFile(new URL(`../../../../docs/monitoring/${name}`, import.meta.url), "utf8");

const rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Coppice[A-Za-z]+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[smh]$/)
            .optional(),
          labels: z.object({ severity: z.enum(["warning", "critical"]) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});

/** The metrics that an expression of PromQL uses. */
function metricsIn(expression: string): string[] {
  return expression.match(/\b(coppice|nodejs|process)_[a-z0-9_]+/g) ?? [];
}

test("the alert rules and the dashboard use metrics that the server has", async () => {
  await using bench = await httpBench({ metricsFrom: ["192.0.2.1"] });
  const { body } = await bench.inject({ url: "/metrics", remoteAddress: "192.0.2.1" });
  const known = new Set(
    [...body.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = "", type]) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
  const alerts = rules.parse(parse(await read("alerts.yaml"))).groups.flatMap((group) => group.rules);
  const { panels } = dashboard.parse(JSON.parse(await read("grafana-dashboard.json")));
  const expressions = [
    ...alerts.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  expect(expressions.length).toBeGreaterThan(15);
  for (const expression of expressions) {
    for (const name of metricsIn(expression)) expect(known).toContain(name);
  }
});

test("a task that has ended is counted once, with how long it ran", async () => {
  const metrics = new Metrics();
  const task: TaskSummary = {
    id: "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa",
    kind: "clone",
    title: "Clone rbd/a to rbd/b",
    object: imageObject(CLUSTER, "rbd/b"),
    related: [],
    state: "running",
    phase: null,
    done: 0,
    total: null,
    unit: "steps",
    rate: null,
    createdAt: "2026-03-01T12:00:00.000Z",
    startedAt: "2026-03-01T12:00:00.000Z",
    endedAt: null,
    user: "ada",
  };
  metrics.taskChanged(task);
  metrics.taskChanged({ ...task, state: "succeeded", endedAt: "2026-03-01T12:00:05.000Z" });
  const text = await metrics.registry.metrics();
  expect(text).toContain('coppice_task_duration_seconds_count{kind="clone",state="succeeded"} 1');
  expect(text).toContain('coppice_task_duration_seconds_bucket{le="10",kind="clone",state="succeeded"} 1');
  expect(text).toContain('coppice_task_duration_seconds_sum{kind="clone",state="succeeded"} 5');
});
