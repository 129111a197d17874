import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader, DecodeError, decodeValue } from "../../../src/headers/encoding.ts";
import {
  decodeChildImages,
  decodeGroupMember,
  decodeGroupRef,
  decodeMigration,
} from "../../../src/headers/image-header.ts";
import {
  decodeDirectoryEntry,
  decodeMirrorImage,
  decodeTrashEntry,
  namespaceOfKey,
} from "../../../src/headers/pool-objects.ts";
import { readParent, readSnapshot } from "../../../src/headers/snapshot-header.ts";
import * as w from "./ceph-writer.ts";

const size = fc.maxSafeNat();
const id64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_fff0n });
const pool = fc.nat(0x7fff_ffff);
const text = fc.string({ unit: "grapheme", maxLength: 30 });
const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
const date = fc
  .date({ min: new Date(1), max: new Date(4_294_967_295_999), noInvalidDate: true })
  .map((value) => new Date(value.getTime()));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

describe("parents", () => {
  const facts = fc.record({
    poolId: pool,
    namespace: text,
    imageId: name,
    snapshotId: id64,
    headOverlap: maybe(size),
  });

  it("reads version 2, with or without an overlap of HEAD", () => {
    fc.assert(
      fc.property(facts, (parent) => {
        const bytes = w.parentV2({
          pool: parent.poolId,
          namespace: parent.namespace,
          id: parent.imageId,
          snap: parent.snapshotId,
          overlap: parent.headOverlap,
        });
        expect(decodeValue("parent", bytes, readParent, true)).toEqual(parent);
      }),
    );
  });

  it("reads version 1, where an overlap of 0 means there is none", () => {
    fc.assert(
      fc.property(facts, (parent) => {
        const overlap = parent.headOverlap ?? 0;
        const bytes = w.parentV1({
          pool: parent.poolId,
          id: parent.imageId,
          snap: parent.snapshotId,
          overlap,
        });
        const expected = overlap === 0 ? null : { ...parent, namespace: "" };
        expect(decodeValue("parent", bytes, readParent, true)).toEqual(expected);
      }),
    );
  });

  it("knows the value that stands for no parent", () => {
    expect(decodeValue("parent", w.noParentV1, readParent)).toBeNull();
    const emptied = w.parentV2({
      pool: -1,
      namespace: "",
      id: "",
      snap: 0xffff_ffff_ffff_fffen,
      overlap: null,
    });
    expect(decodeValue("parent", emptied, readParent)).toBeNull();
  });
});

describe("snapshots", () => {
  const facts = fc.record({
    id: id64,
    name: text,
    size,
    protection: fc.constantFrom("unprotected", "unprotecting", "protected"),
    flags: id64,
    createdAt: maybe(date),
    childCount: fc.nat(),
    parentOverlap: maybe(size),
  });
  type Facts = typeof facts extends fc.Arbitrary<infer T> ? T : never;
  const protectionNumber = (s: Facts) => ["unprotected", "unprotecting", "protected"].indexOf(s.protection);

  const encode = (version: number, compat: number, s: Facts, namespace: Uint8Array) =>
    w.versioned(
      version,
      compat,
      w.u64(s.id),
      w.string(s.name),
      w.u64(s.size),
      ...(compat < 8 ? [w.u64(0)] : []),
      ...(version >= 2 && compat < 8 ? [w.noParentV1] : []),
      ...(version >= 3 ? [w.u8(protectionNumber(s))] : []),
      ...(version >= 4 ? [w.u64(s.flags)] : []),
      ...(version >= 5 ? [namespace] : []),
      ...(version >= 6 ? [w.time(s.createdAt)] : []),
      ...(version >= 7 ? [w.u32(s.childCount)] : []),
      ...(version >= 8 ? [w.optional(s.parentOverlap === null ? null : w.u64(s.parentOverlap))] : []),
    );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("reads version %i as older and newer clusters write it", (version) => {
    fc.assert(
      fc.property(facts, fc.boolean(), (s, nautilus) => {
        const compat = nautilus && version === 8 ? 8 : 1;
        const got = decodeValue("snapshot", encode(version, compat, s, w.userNamespace), readSnapshot, true);
        expect(got).toEqual({
          id: s.id,
          name: s.name,
          size: s.size,
          protection: version >= 3 ? s.protection : "unprotected",
          flags: version >= 4 ? s.flags : 0n,
          namespace: { kind: "user" },
          createdAt: version >= 6 ? s.createdAt : null,
          childCount: version >= 7 ? s.childCount : 0,
          parentOverlap: version >= 8 ? s.parentOverlap : null,
          ownParent: null,
        });
      }),
    );
  });

  it("keeps the link of its own that a snapshot had before Nautilus", () => {
    const bytes = w.versioned(
      2,
      1,
      w.u64(4),
      w.string("s"),
      w.u64(1024),
      w.u64(1),
      w.parentV1({ pool: 3, id: "abc", snap: 9n, overlap: 512 }),
    );
    const got = decodeValue("snapshot", bytes, readSnapshot, true);
    expect(got.ownParent).toEqual({
      poolId: 3,
      namespace: "",
      imageId: "abc",
      snapshotId: 9n,
      headOverlap: 512,
    });
    expect(got.parentOverlap).toBe(512);
  });

  it.each([
    ["user", w.userNamespace, { kind: "user" }],
    [
      "group",
      w.groupNamespace(5, "g", "s"),
      { kind: "group", groupPoolId: 5, groupId: "g", groupSnapshotId: "s" },
    ],
    ["trash", w.trashNamespace("old", 0), { kind: "trash", originalName: "old", originalKind: "user" }],
    [
      "mirror",
      w.mirrorNamespace(2, true, ["a", "b"], "p"),
      { kind: "mirror", state: "non-primary", complete: true, peerUuids: ["a", "b"], primaryUuid: "p" },
    ],
    ["unknown", w.versioned(2, 1, w.u32(9), w.string("of the future")), { kind: "unknown" }],
  ])("tells %s snapshots", (_, namespace, expected) => {
    const s: Facts = {
      id: 1n,
      name: "s",
      size: 1,
      protection: "unprotected",
      flags: 0n,
      createdAt: null,
      childCount: 3,
      parentOverlap: null,
    };
    const got = decodeValue("snapshot", encode(8, 8, s, namespace), readSnapshot, true);
    expect(got.namespace).toEqual(expected);
    expect(got.childCount).toBe(3);
  });
});

describe("the other structures", () => {
  it("reads the clones of a snapshot, with and without namespaces", () => {
    const v1 = w.versioned(1, 1, w.u64(2), w.string("a"));
    const v2 = w.versioned(2, 1, w.u64(3), w.string("b"), w.string("ns"));
    expect(decodeChildImages("snap_children_0000000000000001", w.list([v1, v2]))).toEqual([
      { poolId: 2, namespace: "", imageId: "a" },
      { poolId: 3, namespace: "ns", imageId: "b" },
    ]);
  });

  it("reads the trash", () => {
    fc.assert(
      fc.property(name, maybe(date), maybe(date), fc.nat(7), (oldName, deletedAt, deferredUntil, number) => {
        const fields = [w.u8(number), w.string(oldName), w.time(deletedAt), w.time(deferredUntil)];
        const sources = ["user", "mirroring", "migration", "removing", "user-parent"];
        const common = {
          imageId: "1f",
          name: oldName,
          deletedAt,
          deferredUntil,
          source: sources[number] ?? "unknown",
        };
        expect(decodeTrashEntry("id_1f", w.versioned(1, 1, ...fields))).toEqual({
          ...common,
          state: "normal",
        });
        const states = ["normal", "moving", "removing", "restoring"];
        expect(decodeTrashEntry("id_1f", w.versioned(2, 1, ...fields, w.u8(number)))).toEqual({
          ...common,
          state: states[number] ?? "unknown",
        });
      }),
    );
    expect(decodeTrashEntry("something", w.u8(1))).toBeNull();
  });

  it("reads groups from both sides", () => {
    const of = (pool: number, id: string) => w.versioned(1, 1, w.u64(pool), w.string(id));
    expect(decodeGroupRef("rbd_group_ref", of(4, "g1"))).toEqual({ poolId: 4, groupId: "g1" });
    expect(decodeGroupRef("rbd_group_ref", of(-1, ""))).toBeNull();
    expect(decodeGroupMember("image_000000000000001f_10a", w.u8(0))).toEqual({
      poolId: 31,
      imageId: "10a",
      attached: true,
    });
    expect(decodeGroupMember("snapshot_1", w.u8(0))).toBeNull();
  });

  it("reads migrations of every version", () => {
    const fields = [
      w.u8(1),
      w.u64(7),
      w.string("ns"),
      w.string("vm"),
      w.string("1f"),
      w.list([Buffer.concat([w.u64(1), w.u64(2)])]),
      w.u64(99),
      w.bool(false),
      w.bool(false),
      w.u8(2),
      w.string("so far"),
    ];
    const expected = {
      role: "source",
      poolId: 7,
      namespace: "ns",
      imageName: "vm",
      imageId: "1f",
      state: "prepared",
      stateDescription: "so far",
    };
    expect(decodeMigration("migration", w.versioned(1, 1, ...fields))).toEqual(expected);
    expect(decodeMigration("migration", w.versioned(3, 1, ...fields, w.u8(0), w.string("")))).toEqual(
      expected,
    );
  });

  it("reads mirrored images", () => {
    const v1 = w.versioned(1, 1, w.string("uuid"), w.u8(1));
    expect(decodeMirrorImage("image_1f", v1)).toEqual({
      globalId: "uuid",
      state: "enabled",
      mode: "journal",
    });
    const v2 = w.versioned(2, 1, w.string("uuid"), w.u8(0), w.u8(1));
    expect(decodeMirrorImage("image_1f", v2)).toMatchObject({ state: "disabling", mode: "snapshot" });
  });

  it("reads directories", () => {
    expect(decodeDirectoryEntry("name_vm 1", w.string("1f"))).toEqual({ name: "vm 1", id: "1f" });
    expect(decodeDirectoryEntry("id_1f", w.string("vm 1"))).toBeNull();
    expect(namespaceOfKey("name_tenant")).toBe("tenant");
    expect(namespaceOfKey("tenant")).toBeNull();
  });
});

describe("what cannot be decoded", () => {
  it("says which structure and where", () => {
    const whole = w.parentV2({ pool: 1, namespace: "", id: "abc", snap: 1n, overlap: 5 });
    const short = whole.subarray(0, whole.length - 1);
    expect(() => decodeValue("parent", short, readParent)).toThrow(
      "parent cannot be decoded: cls_rbd_parent says it has 36 bytes where 35 are left, at byte 0",
    );
  });

  it("refuses a structure that demands a newer reader", () => {
    expect(() => decodeValue("parent", w.versioned(9, 9), readParent)).toThrow(
      "cls_rbd_parent needs a reader of version 9, this one knows 2",
    );
  });

  it("skips what a newer version added", () => {
    const whole = w.versioned(
      7,
      2,
      w.u64(1),
      w.string(""),
      w.string("i"),
      w.u64(1),
      w.u8(0),
      w.string("new"),
    );
    expect(decodeValue("parent", whole, readParent, true)).toMatchObject({ imageId: "i" });
  });

  it("does not allocate by a count that the bytes do not cover", () => {
    const lying = Buffer.concat([w.u32(0xffff_ffff), w.u8(0)]);
    expect(() => decodeChildImages("snap_children_1", lying)).toThrow(DecodeError);
    expect(() => new ByteReader("x", w.u32(0xffff_fff0)).string()).toThrow(DecodeError);
  });

  it("refuses a size beyond what a number holds exactly", () => {
    expect(() => new ByteReader("size", w.u64(2n ** 53n)).size()).toThrow(DecodeError);
    expect(new ByteReader("size", w.u64(2n ** 53n - 1n)).size()).toBe(Number.MAX_SAFE_INTEGER);
  });
});
