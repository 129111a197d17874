import { describe, expect, it } from "vitest";
import type { RemovalFacts } from "../../../src/deletion/removal-plan.ts";
import type { SnapshotRow } from "../../../src/inventory/rows.ts";
import { decideDelete, deletePhases } from "../../../src/volume/delete-volume.ts";

const spec = { pool: "rbd", namespace: "", image: "vol" };
const snapshot: SnapshotRow = {
  id: 1n,
  name: "s",
  size: 0,
  kind: "user",
  protected: true,
  createdAt: new Date(0),
};
const clone = { spec: { ...spec, image: "clone" }, imageId: "c", inTrash: false, snapshot: "s" };
const facts = (part: Partial<RemovalFacts>): RemovalFacts => ({
  spec,
  id: "1",
  size: 0,
  snapshots: [],
  group: null,
  clones: [],
  watchers: [],
  locks: [],
  ...part,
});
const cloned = facts({ snapshots: [snapshot], clones: [clone] });

describe("decideDelete", () => {
  it.each([
    ["refuse", facts({}), "none", "removed", [], ["trash", "remove"]],
    ["refuse", cloned, "all", "removed", ["clones"], ["trash", "remove"]],
    ["refuse", cloned, "none", "removed", ["clones", "snapshots"], ["trash", "remove"]],
    ["keep", cloned, "none", "trashed", [], ["trash"]],
    ["keep", facts({ snapshots: [snapshot] }), "none", "removed", ["snapshots"], ["trash", "remove"]],
    ["keep", { ...cloned, group: "g" }, "none", "trashed", ["group"], ["trash"]],
    ["flatten", cloned, "none", "removed", ["snapshots"], ["flatten", "trash", "remove"]],
    ["flatten", cloned, ["s"], "removed", [], ["flatten", "trash", "remove"]],
  ] as const)("case %#: %s", (dependants, about, doomed, outcome, blockers, phases) => {
    const decision = decideDelete(about, dependants, doomed);
    expect(decision.outcome).toBe(outcome);
    expect(decision.blockers.map(({ kind }) => kind)).toEqual(blockers);
    expect(deletePhases(decision)).toEqual(phases);
  });

  it("removes no snapshot of a volume that is kept for its clones", () => {
    expect(decideDelete(cloned, "keep", "all").snapshots).toEqual([]);
  });

  it("leaves being in use to the tries", () => {
    const used = facts({ watchers: [{ address: "a", client: "c" }] });
    expect(decideDelete(used, "refuse", "none").blockers).toEqual([]);
  });
});
