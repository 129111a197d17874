import { describe, expect, it } from "vitest";
import { chooseCloneFormat } from "../../../src/clone/clone-format.ts";
import { type CloneDecision, checkCloneable, decideClone } from "../../../src/clone/clone-plan.ts";
import { newSnapshotName } from "../../../src/clone/own-snapshots.ts";
import type { SourceFacts } from "../../../src/clone/search/source.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { featureBits, featureNames, flagNames } from "../../../src/image/features.ts";
import { snapshotRow } from "../rows.ts";

const mib = 1024 * 1024;

const source: SourceFacts = {
  spec: { pool: "rbd", namespace: "", image: "vm-1" },
  id: "abc",
  oldFormat: false,
  size: 10 * mib,
  features: 61n,
  flags: 0n,
  objectSize: 4 * mib,
  stripeUnit: 4 * mib,
  stripeCount: 1,
  dataPool: null,
  snapshots: [],
  parent: null,
  history: null,
};

function decision(rest: Partial<CloneDecision> = {}): CloneDecision {
  return {
    source,
    target: { pool: "rbd", namespace: "", image: "vm-2" },
    existing: null,
    create: { name: "coppice-x", reason: "there is no snapshot" },
    format: { format: 1, reason: "old clients" },
    sourceDepth: 0,
    choices: {},
    ...rest,
  };
}

function refused(action: () => unknown): CoppiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof CoppiceError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("checkCloneable", () => {
  it("refuses format 1 as unsupported, by name", () => {
    const error = refused(() => checkCloneable({ ...source, oldFormat: true }));
    expect(error).toMatchObject({ code: "UNSUPPORTED", object: "rbd/vm-1" });
    expect(error.message).toContain("cloning an image of format 1 is unsupported");
  });

  it("refuses an image without layering", () => {
    const error = refused(() => checkCloneable({ ...source, features: featureBits(["exclusive-lock"]) }));
    expect(error.message).toContain("lacks the layering feature");
  });
});

describe("decideClone", () => {
  it("creates and protects a snapshot for clone format 1", () => {
    expect(decideClone(decision())).toMatchObject({
      snapshot: { name: "coppice-x", id: null, action: "create", reason: "there is no snapshot" },
      protect: true,
      cloneFormat: 1,
      size: 10 * mib,
      features: 61n,
      order: 22,
      depth: 1,
      warnings: [],
    });
  });

  it("enlarges the clone, and flattens one that would be too deep", () => {
    const snapshot = snapshotRow("monday", { id: 7n, size: 5 * mib });
    const choices = { size: 6 * mib, maxDepth: 16 };
    const existing = { snapshot, reason: "equal" };
    expect(decideClone(decision({ existing, choices, sourceDepth: 16 }))).toMatchObject({
      sourceSize: 5 * mib,
      size: 6 * mib,
      flatten: true,
      flattenReason: "it would have 17 images above it, and at most 16 are allowed",
      depth: 0,
      warnings: [],
    });
    const error = refused(() => decideClone(decision({ existing, choices: { size: mib } })));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", object: "rbd/vm-2" });
    expect(error.message).toContain("cannot hold rbd/vm-1@monday");
  });

  it("protects nothing for clone format 2", () => {
    expect(decideClone(decision({ format: { format: 2, reason: "" } })).protect).toBe(false);
  });

  it("reuses a snapshot and leaves its protection alone", () => {
    const snapshot = snapshotRow("monday", { id: 7n, size: 5 * mib, protected: true });
    expect(decideClone(decision({ existing: { snapshot, reason: "equal" } }))).toMatchObject({
      snapshot: { name: "monday", id: 7n, action: "reuse", reason: "equal" },
      protect: false,
      size: 5 * mib,
    });
    const open = { ...snapshot, protected: false };
    expect(decideClone(decision({ existing: { snapshot: open, reason: "" } })).protect).toBe(true);
  });

  it("keeps the parent's stripe, and says which features the clone cannot get", () => {
    const striped = {
      ...source,
      stripeUnit: 64 * 1024,
      stripeCount: 8,
      features: 61n | featureBits(["striping", "operations", "non-primary"]),
    };
    const plan = decideClone(decision({ source: striped }));
    expect(plan).toMatchObject({ stripeUnit: 64 * 1024, stripeCount: 8 });
    expect(featureNames(plan.features)).toContain("striping");
    expect(plan.warnings).toEqual(["The clone will not have these features of its parent: non-primary."]);
  });

  it("gives the features that were asked for, with those that its layout implies", () => {
    const features = featureBits(["layering", "exclusive-lock"]);
    expect(decideClone(decision({ choices: { features } }))).toMatchObject({ features, warnings: [] });
    const striped = { features, stripeUnit: 64 * 1024, stripeCount: 8 };
    expect(featureNames(decideClone(decision({ choices: striped })).features)).toEqual([
      "layering",
      "striping",
      "exclusive-lock",
    ]);
  });

  it.each([
    [["exclusive-lock"], "a clone cannot be without layering"],
    [["layering", "object-map"], "a clone cannot have object-map without exclusive-lock"],
    [["layering", "exclusive-lock", "fast-diff"], "a clone cannot have fast-diff without object-map"],
    [["layering", "journaling"], "a clone cannot have journaling without exclusive-lock"],
    [["layering", "non-primary"], "a clone cannot be given non-primary"],
  ] as const)("refuses the features %j", (names, text) => {
    const error = refused(() => decideClone(decision({ choices: { features: featureBits(names) } })));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain(text);
  });

  it("follows another object size with the stripe unit unless the parent is striped", () => {
    expect(decideClone(decision({ choices: { objectSize: 8 * mib } }))).toMatchObject({
      objectSize: 8 * mib,
      stripeUnit: 8 * mib,
      order: 23,
      features: 61n,
    });
  });

  it.each([
    [{ objectSize: 3 * mib }, "is not a power of two"],
    [{ objectSize: 64 * mib }, "is not a power of two from 4 KiB to 32 MiB"],
    [{ stripeUnit: 3 * mib }, "does not divide the object size"],
    [{ stripeCount: 0 }, "is not a number of objects"],
  ])("refuses the layout %j", (choices, text) => {
    const error = refused(() => decideClone(decision({ choices })));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain(text);
  });

  it("takes the data pool along within a pool, and leaves it behind in another", () => {
    const split = { ...source, dataPool: "ec", features: 61n | featureBits(["data-pool"]) };
    expect(decideClone(decision({ source: split }))).toMatchObject({
      dataPool: "ec",
      features: split.features,
    });
    const other = { pool: "vms", namespace: "", image: "x" };
    expect(decideClone(decision({ source: split, target: other }))).toMatchObject({
      dataPool: null,
      features: 61n,
      warnings: [],
    });
    expect(decideClone(decision({ source: split, choices: { dataPool: null } })).dataPool).toBeNull();
    expect(decideClone(decision({ choices: { dataPool: "ec" } })).features).toBe(split.features);
  });

  it("refuses another namespace with clone format 1 and allows it with 2", () => {
    const target = { pool: "rbd", namespace: "tenant", image: "x" };
    const error = refused(() => decideClone(decision({ target })));
    expect(error).toMatchObject({ code: "UNSUPPORTED", object: "rbd/tenant/x" });
    expect(error.hint).toContain("set-require-min-compat-client");
    expect(decideClone(decision({ target, format: { format: 2, reason: "" } })).cloneFormat).toBe(2);
  });

  it("warns of a clone too deep for the kernel", () => {
    expect(decideClone(decision({ sourceDepth: 15 })).warnings).toEqual([]);
    expect(decideClone(decision({ sourceDepth: 16 })).warnings[0]).toContain("17 images above it");
  });
});

describe("chooseCloneFormat", () => {
  it.each([
    ["auto", ["luminous", "jewel"], 1],
    ["auto", ["mimic", "jewel"], 2],
    ["auto", ["luminous", "squid"], 2],
    ["auto", [], 1],
    ["auto", [""], 1],
    ["1", ["reef"], 1],
    ["2", ["jewel"], 2],
  ])("%s with clients %j is %d", (configured, clientReleases, format) => {
    expect(chooseCloneFormat({ configured, clientReleases }).format).toBe(format);
  });

  it("uses the format that was asked for", () => {
    expect(chooseCloneFormat({ forced: 2, configured: "1", clientReleases: [] })).toEqual({
      format: 2,
      reason: "clone format 2 was asked for",
    });
  });
});

describe("newSnapshotName", () => {
  it("contains the time and random digits, and differs from existing names", () => {
    const hex = ["aaaaaaaa", "bbbbbbbb"];
    const source = { now: () => new Date("2026-03-01T12:00:00.123Z"), randomHex: () => hex.shift() ?? "" };
    expect(newSnapshotName(new Set(["coppice-20260301T120000Z-aaaaaaaa"]), source)).toBe(
      "coppice-20260301T120000Z-bbbbbbbb",
    );
  });
});

describe("feature and flag names", () => {
  it("are those of `rbd info`, and unknown bits are shown", () => {
    expect(featureNames(61n | (1n << 20n))).toEqual([
      "layering",
      "exclusive-lock",
      "object-map",
      "fast-diff",
      "deep-flatten",
      "bit 20",
    ]);
    expect(flagNames(3n)).toEqual(["object map invalid", "fast diff invalid"]);
    expect(featureNames(0n)).toEqual([]);
  });
});
