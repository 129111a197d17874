import { describe, expect, it } from "vitest";
import { evaluateRemoval, type RemovalFacts, removalRefusal } from "../../../src/deletion/removal-plan.ts";
import type { SnapshotKind, SnapshotRow } from "../../../src/inventory/rows.ts";

const spec = { pool: "rbd", namespace: "", image: "vm" };

function snapshot(id: number, name: string, kind: SnapshotKind = "user"): SnapshotRow {
  return { id: BigInt(id), name, size: 0, kind, protected: false, createdAt: new Date(0) };
}

function facts(part: Partial<RemovalFacts> = {}): RemovalFacts {
  return { spec, id: "1", size: 0, snapshots: [], group: null, clones: [], watchers: [], locks: [], ...part };
}

const clone = (image: string, inTrash: boolean, from: string | null) => ({
  spec: { pool: "p", namespace: "n", image },
  imageId: image,
  inTrash,
  snapshot: from,
});

describe("evaluateRemoval", () => {
  it("lets an image go that nothing hangs on", () => {
    expect(evaluateRemoval(facts(), "none")).toEqual({ blockers: [], snapshots: [] });
  });

  it("names every clone, with its place, its snapshot and whether it is in the trash", () => {
    const clones = [clone("a", false, "s"), clone("b", true, null)];
    expect(evaluateRemoval(facts({ clones }), "all").blockers).toEqual([
      {
        kind: "clones",
        message: "2 clones read from rbd/vm: p/n/a (of @s), p/n/b (of a removed snapshot, in the trash)",
      },
    ]);
  });

  it.each([
    ["none" as const, ["a", "b"], []],
    [["a"], ["b"], ["a"]],
    [["a", "b", "c"], [], ["a", "b"]],
    ["all" as const, [], ["a", "b"]],
  ])("with %j refuses snapshots %j and removes %j", (doomed, refused, removed) => {
    const verdict = evaluateRemoval(facts({ snapshots: [snapshot(1, "a"), snapshot(2, "b")] }), doomed);
    expect(verdict.snapshots.map(({ name }) => name)).toEqual(removed);
    const names = refused.map((name) => `@${name}`).join(", ");
    const count = `${refused.length} snapshot${refused.length === 1 ? "" : "s"}`;
    expect(verdict.blockers).toEqual(
      refused.length === 0 ? [] : [{ kind: "snapshots", message: `rbd/vm has ${count} (${names})` }],
    );
  });

  it("never takes snapshots of a group or of mirroring along, and ignores those in the trash", () => {
    const snapshots = [snapshot(1, "g", "group"), snapshot(2, "m", "mirror"), snapshot(3, "t", "trash")];
    expect(evaluateRemoval(facts({ snapshots }), "all")).toEqual({
      blockers: [
        { kind: "kept-snapshots", message: "rbd/vm has 2 snapshots (@g, @m) of a group or of mirroring" },
      ],
      snapshots: [],
    });
  });

  it("refuses an image of a group", () => {
    const { blockers } = evaluateRemoval(facts({ group: "backups" }), "all");
    expect(blockers).toEqual([{ kind: "group", message: "rbd/vm belongs to the group backups" }]);
    const error = removalRefusal("removeByPrefix", [{ facts: facts(), blockers }]);
    expect(error).toMatchObject({ code: "IN_GROUP", hint: "Take the image out of its group first." });
  });

  it("refuses format 1", () => {
    expect(evaluateRemoval(facts({ id: "" }), "none").blockers).toEqual([
      { kind: "old-format", message: "rbd/vm has format 1, which has no trash" },
    ]);
  });

  it("names who holds the image", () => {
    const watchers = [{ address: "1.2.3.4:0/5", client: "client.7" }];
    const locks = [{ address: "1.2.3.4:0/5", client: "client.7", cookie: "auto 1" }];
    expect(evaluateRemoval(facts({ watchers, locks }), "none").blockers).toEqual([
      {
        kind: "in-use",
        message:
          "rbd/vm is in use: client.7 at 1.2.3.4:0/5 has it open, client.7 at 1.2.3.4:0/5 holds its lock",
      },
    ]);
  });

  it("says all of it at once, what lasts first", () => {
    const all = facts({
      clones: [clone("a", false, "s")],
      snapshots: [snapshot(1, "s")],
      watchers: [{ address: "a", client: "c" }],
    });
    const { blockers } = evaluateRemoval(all, "none");
    expect(blockers.map(({ kind }) => kind)).toEqual(["clones", "snapshots", "in-use"]);
    const error = removalRefusal("removeTemplate", [{ facts: all, blockers }]);
    expect(error).toMatchObject({ code: "BUSY", object: "rbd/vm", call: "removeTemplate" });
    for (const { message } of blockers) expect(error.message).toContain(message);
  });
});
