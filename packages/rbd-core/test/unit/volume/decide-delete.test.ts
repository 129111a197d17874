import { describe, expect, it } from "vitest";
import type { DeletionFacts } from "../../../src/deletion/plan/deletion-facts.ts";
import { decideDelete, deletePhases } from "../../../src/volume/delete-volume.ts";
import { child, group, plainImage, snapshot } from "../deletion/facts.ts";

const facts = (part: Partial<DeletionFacts>): DeletionFacts => ({ ...plainImage, ...part });
const s = snapshot(1, { name: "s", protected: true });
const snapped = facts({ snapshots: [s] });
const cloned = facts({ snapshots: [{ ...s, children: [child("clone")] }] });

describe("decideDelete", () => {
  it.each([
    ["refuse", facts({}), "none", "removed", [], ["trash", "remove"]],
    ["refuse", cloned, "all", "removed", ["clones"], ["trash", "remove"]],
    ["refuse", cloned, "none", "removed", ["clones", "snapshots"], ["trash", "remove"]],
    ["keep", cloned, "none", "trashed", [], ["trash"]],
    ["keep", snapped, "none", "removed", ["snapshots"], ["trash", "remove"]],
    ["keep", { ...cloned, group: group("g") }, "none", "trashed", ["group"], ["trash"]],
    ["flatten", cloned, "none", "removed", ["snapshots"], ["flatten", "trash", "remove"]],
    ["flatten", cloned, ["s"], "removed", [], ["flatten", "trash", "remove"]],
  ] as const)("case %#: %s", (dependants, about, allowed, outcome, blockers, phases) => {
    const decision = decideDelete(about, dependants, allowed);
    expect(decision.outcome).toBe(outcome);
    expect(decision.blockers.map(({ kind }) => kind)).toEqual(blockers);
    expect(deletePhases(decision)).toEqual(phases);
  });

  it("removes no snapshot of a volume that is kept for its clones", () => {
    expect(decideDelete(cloned, "keep", "all").snapshots).toEqual([]);
  });

  it("leaves an image in use to the retries", () => {
    const used = facts({ watchers: [{ address: "a", client: "c" }] });
    expect(decideDelete(used, "refuse", "none").blockers).toEqual([]);
  });
});
