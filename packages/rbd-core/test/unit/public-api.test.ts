import { describe, expect, expectTypeOf, it } from "vitest";
import type {
  CloneOptions,
  ClonePlan,
  CloneResult,
  Cluster,
  CoppiceErrorCode,
  Forest,
  ForestNode,
  ImageRow,
  ImageSpec,
  Inventory,
  InventoryRow,
  UnreadableImageRow,
} from "../../src/index.ts";
import * as api from "../../src/index.ts";
import type { Api, ForCluster } from "../support/for-cluster.ts";

// What `tsc` holds about the public entry; nothing of it is called here.
describe("the types of the public entry", () => {
  it("connect gives a disposable connection, from nothing but defaults", () => {
    expectTypeOf(api.connect).returns.resolves.toEqualTypeOf<Cluster>();
    expectTypeOf(api.connect).toBeCallableWith();
    expectTypeOf(api.connect).toBeCallableWith({ conf: "/etc/ceph/ceph.conf", signal: undefined });
    expectTypeOf<Cluster>().toExtend<AsyncDisposable>();
    expectTypeOf<Cluster["fsid"]>().toEqualTypeOf<string>();
  });

  it("rows are told apart by their state", () => {
    expectTypeOf<Inventory["rows"]>().toEqualTypeOf<InventoryRow[]>();
    expectTypeOf<Extract<InventoryRow, { state: "ok" }>>().toEqualTypeOf<ImageRow>();
    expectTypeOf<Extract<InventoryRow, { state: "unreadable" }>>().toEqualTypeOf<UnreadableImageRow>();
    expectTypeOf<InventoryRow>().not.toHaveProperty("size");
    expectTypeOf<InventoryRow>().toHaveProperty("spec");
  });

  it("sizes are numbers, ids and features bigints", () => {
    expectTypeOf<ImageRow["size"]>().toEqualTypeOf<number>();
    expectTypeOf<ImageRow["features"]>().toEqualTypeOf<bigint>();
    expectTypeOf<ImageRow["snapshots"][number]["id"]>().toEqualTypeOf<bigint>();
    expectTypeOf<ClonePlan["features"]>().toEqualTypeOf<bigint>();
  });

  it("a forest is read, not changed", () => {
    expectTypeOf(api.forest).parameter(0).toEqualTypeOf<Inventory>();
    expectTypeOf(api.forest).returns.toEqualTypeOf<Forest>();
    expectTypeOf<Forest["nodes"]>().toEqualTypeOf<ReadonlyMap<string, ForestNode>>();
    expectTypeOf<ForestNode["childKeys"]>().toEqualTypeOf<readonly string[]>();
  });

  it("cloning takes names as text or in parts, and the options of planning", () => {
    expectTypeOf(api.cloneImage).toBeCallableWith({} as Cluster, { source: "rbd/vm-1", target: "rbd/vm-2" });
    expectTypeOf(api.cloneImage).toBeCallableWith({} as Cluster, {
      source: { pool: "rbd", namespace: "", image: "vm-1", snapshot: "monday" },
      target: "rbd/vm-2",
      cloneFormat: 2,
      signal: undefined,
    });
    expectTypeOf(api.planClone).parameters.toEqualTypeOf<[Cluster, api.PlanCloneOptions]>();
    expectTypeOf(api.cloneImage).parameters.toEqualTypeOf<[Cluster, CloneOptions]>();
    expectTypeOf(api.cloneImage).returns.resolves.toEqualTypeOf<CloneResult>();
    expectTypeOf<CloneResult["snapshot"]["id"]>().toEqualTypeOf<bigint>();
    expectTypeOf<CloneOptions["cloneFormat"]>().toEqualTypeOf<1 | 2 | undefined>();
  });

  it("parsing and formatting are each other's inverse in types too", () => {
    expectTypeOf(api.parseImageSpec).returns.toEqualTypeOf<ImageSpec>();
    expectTypeOf(api.formatImageSpec).parameter(0).toEqualTypeOf<ImageSpec>();
  });

  it("error codes are a closed set", () => {
    expectTypeOf<api.CoppiceError["code"]>().toEqualTypeOf<CoppiceErrorCode>();
    expectTypeOf<"NOT_FOUND">().toExtend<CoppiceErrorCode>();
    expectTypeOf<"SOMETHING_ELSE">().not.toExtend<CoppiceErrorCode>();
    expectTypeOf<string>().not.toExtend<CoppiceErrorCode>();
  });
});

describe("errors", () => {
  it("carry code, errno, call, object, hint and cause, and end in what to do", () => {
    const cause = new Error("below");
    const error = new api.CoppiceError({
      code: "BUSY",
      message: "it is in use",
      hint: "Wait.",
      errno: 16,
      call: "rbd_remove",
      object: "rbd/vm-1",
      cause,
    });
    expect(error).toMatchObject({ name: "CoppiceError", message: "it is in use. Wait.", left: [], cause });
    expect(Object.keys(error)).not.toContain("message");
    expect(api.errorCodes).toContain(error.code);
    expect(new Set(api.errorCodes).size).toBe(api.errorCodes.length);
  });

  it("what waits for the cluster takes a signal", () => {
    expectTypeOf<WithoutSignal>().toEqualTypeOf<never>();
    // The walk finds what it is to find.
    expectTypeOf<"cloneImage" | "exportDiff" | "inventory">().toExtend<ForCluster>();
  });

  it("an option may be given as undefined, also under exactOptionalPropertyTypes", () => {
    expectTypeOf<WithExactOptions>().toEqualTypeOf<never>();
  });
});

type KeysOfEach<T> = T extends unknown ? keyof T : never;
type WithoutSignal = {
  [K in ForCluster]: Api[K] extends (cluster: Cluster, ...rest: infer Rest) => unknown
    ? "signal" extends KeysOfEach<Rest[number]>
      ? never
      : K
    : never;
}[ForCluster];

type OptionalKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];
/** The optional keys of options that refuse `undefined`. The names of images are data, not options. */
type ExactKeys<T> = T extends ImageSpec | readonly unknown[] | Uint8Array | string | number | bigint
  ? never
  : {
      [K in OptionalKeys<T>]: T extends { [P in K]?: unknown }
        ? { [P in K]: undefined } extends { [P in K]?: T[K] }
          ? never
          : K
        : never;
    }[OptionalKeys<T>];
type OptionsOf<F> = F extends (...args: infer P) => unknown ? Exclude<P[number], Cluster | undefined> : never;
type WithExactOptions = {
  [K in keyof Api]: Api[K] extends (...args: never[]) => unknown
    ? ExactKeys<OptionsOf<Api[K]>> extends never
      ? never
      : K
    : never;
}[keyof Api];
