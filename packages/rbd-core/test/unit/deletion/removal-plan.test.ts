import { describe, expect, it } from "vitest";
import type { DeletionFacts } from "../../../src/deletion/plan/deletion-facts.ts";
import { evaluateRemoval, refuseBlocked } from "../../../src/deletion/removal-plan.ts";
import { child, group, plainImage, snapshot } from "./facts.ts";

const spec = { pool: "rbd", namespace: "", image: "vm" };
const image = { pool: "rbd", namespace: "", id: "1", name: "vm" };

function facts(part: Partial<DeletionFacts> = {}): DeletionFacts {
  return { ...plainImage, image, ...part };
}

const clone = (name: string, inTrash: boolean) =>
  child(name, { image: { pool: "p", namespace: "n", id: name, name }, inTrash });

describe("evaluateRemoval", () => {
  it("removes an image that nothing depends on", () => {
    expect(evaluateRemoval(facts(), "none")).toEqual({ blockers: [], snapshots: [] });
  });

  it("names every clone, with its place, its snapshot and whether it is in the trash", () => {
    const snapshots = [
      snapshot(1, { name: "s", children: [clone("a", false)] }),
      snapshot(2, { kind: "trash", children: [clone("b", true)] }),
    ];
    expect(evaluateRemoval(facts({ snapshots }), "all").blockers).toEqual([
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
  ])("with %j refuses snapshots %j and removes %j", (allowed, refused, removed) => {
    const verdict = evaluateRemoval(
      facts({ snapshots: [snapshot(1, { name: "a" }), snapshot(2, { name: "b" })] }),
      allowed,
    );
    expect(verdict.snapshots.map(({ name }) => name)).toEqual(removed);
    const names = refused.map((name) => `@${name}`).join(", ");
    const count = `${refused.length} snapshot${refused.length === 1 ? "" : "s"}`;
    expect(verdict.blockers).toEqual(
      refused.length === 0 ? [] : [{ kind: "snapshots", message: `rbd/vm has ${count} (${names})` }],
    );
  });

  it("never removes snapshots of a group or of mirroring, and ignores those in the trash", () => {
    const snapshots = [
      snapshot(1, { name: "g", kind: "group" }),
      snapshot(2, { name: "m", kind: "mirror" }),
      snapshot(3, { name: "t", kind: "trash" }),
    ];
    expect(evaluateRemoval(facts({ snapshots }), "all")).toEqual({
      blockers: [
        { kind: "kept-snapshots", message: "rbd/vm has 2 snapshots (@g, @m) of a group or of mirroring" },
      ],
      snapshots: [],
    });
  });

  it("refuses an image of a group", () => {
    const { blockers } = evaluateRemoval(facts({ group: group("backups") }), "all");
    expect(blockers).toEqual([{ kind: "group", message: "rbd/vm belongs to the group backups" }]);
    expect(() => refuseBlocked("removeByPrefix", [{ spec, blockers }])).toThrow(
      expect.objectContaining({ code: "IN_GROUP", hint: "Take the image out of its group first." }),
    );
  });

  it("refuses format 1", () => {
    expect(evaluateRemoval(facts({ image: { ...image, id: "" } }), "none").blockers).toEqual([
      { kind: "old-format", message: "rbd/vm has format 1, which has no trash" },
    ]);
  });

  it("names the users of the image", () => {
    const watchers = [{ address: "1.2.3.4:0/5", client: "client.7" }];
    const locks = [{ address: "1.2.3.4:0/5", client: "client.7", cookie: "auto 1", abandoned: false }];
    expect(evaluateRemoval(facts({ watchers, locks }), "none").blockers).toEqual([
      {
        kind: "in-use",
        message:
          "rbd/vm is in use: client.7 at 1.2.3.4:0/5 has it open, client.7 at 1.2.3.4:0/5 holds its lock",
      },
    ]);
  });

  it("does not count a lock that a dead client left", () => {
    const locks = [{ address: "1.2.3.4:0/5", client: "client.7", cookie: "auto 1", abandoned: true }];
    expect(evaluateRemoval(facts({ locks }), "none").blockers).toEqual([]);
  });

  it("reports all blockers at once, lasting ones first", () => {
    const all = facts({
      snapshots: [snapshot(1, { name: "s", children: [clone("a", false)] })],
      watchers: [{ address: "a", client: "c" }],
    });
    const { blockers } = evaluateRemoval(all, "none");
    expect(blockers.map(({ kind }) => kind)).toEqual(["clones", "snapshots", "in-use"]);
    const refuse = () => refuseBlocked("removeTemplate", [{ spec, blockers }]);
    const about = { code: "BUSY", object: "rbd/vm", call: "removeTemplate" };
    expect(refuse).toThrow(expect.objectContaining(about));
    for (const { message } of blockers) expect(refuse).toThrow(message);
  });

  it("refuses while a pool cannot be searched for clones of a protected snapshot", () => {
    const unasked = [{ pool: "secret", reason: "it may not be read" }];
    const snapshots = [snapshot(1, { name: "s", protected: true })];
    expect(evaluateRemoval(facts({ snapshots, unasked }), "all").blockers).toEqual([
      {
        kind: "unsearched-pools",
        message: "clones of rbd/vm could not be searched for in the pool secret (it may not be read)",
      },
    ]);
  });

  it("leaves migrations, mirroring and a protected snapshot that is allowed to go to Ceph", () => {
    const part = { mirrored: true, migration: { role: "source", state: "prepared" } };
    const snapshots = [snapshot(1, { protected: true })];
    expect(evaluateRemoval(facts({ ...part, snapshots }), "all").blockers).toEqual([]);
  });
});
