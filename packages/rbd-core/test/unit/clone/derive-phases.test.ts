import { describe, expect, it } from "vitest";
import type { ClonePlan } from "../../../src/clone/clone-plan.ts";
import { derivePhases } from "../../../src/clone/clone-plan.ts";

const plan: ClonePlan = {
  source: { pool: "rbd", namespace: "", image: "a" },
  target: { pool: "rbd", namespace: "", image: "b" },
  snapshot: { name: "s", id: 4n, action: "reuse", reason: "it was asked for" },
  protect: false,
  cloneFormat: 2,
  cloneFormatReason: "it was asked for",
  sourceSize: 100,
  size: 100,
  flatten: false,
  flattenReason: "no limit was given",
  features: 61n,
  objectSize: 4096,
  order: 12,
  stripeUnit: 4096,
  stripeCount: 1,
  dataPool: null,
  depth: 1,
  warnings: [],
};
const created = { ...plan.snapshot, id: null, action: "create" } as const;

describe("derivePhases", () => {
  it.each([
    ["a snapshot that is there", {}, ["clone"]],
    ["one to protect", { protect: true }, ["snapshot", "clone"]],
    ["one to create", { snapshot: created }, ["snapshot", "clone"]],
    ["a larger clone", { size: 101 }, ["clone", "grow"]],
    ["a full copy", { flatten: true }, ["clone", "flatten"]],
    [
      "a larger full copy from a new snapshot",
      { snapshot: created, flatten: true, size: 101 },
      ["snapshot", "clone", "flatten", "release", "grow"],
    ],
  ])("%s", (_, changes, phases) => {
    expect(derivePhases({ ...plan, ...changes })).toEqual(phases);
  });
});
