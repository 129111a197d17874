import { describe, expect, test } from "vitest";
import { summarise } from "../../../src/cluster/cluster-status.ts";
import { checkOptions } from "../../../src/cluster/options.ts";
import { withMoreOsds } from "../../../src/cluster/start-cluster.ts";
import { ownerOf } from "../../../src/cluster/temporary-cluster.ts";
import { parseMonitorPort } from "../../../src/daemons/stores.ts";

describe("summarise", () => {
  const up = { name: "mon.a", pid: 1, running: true };
  const down = { name: "osd.0", pid: null, running: false };
  test.each([
    ["ready", [up, up], "running"],
    ["ready", [up, down], "degraded"],
    ["ready", [down, down], "stopped"],
    ["making", [up, up], "degraded"],
    ["making", [down, down], "degraded"],
  ] as const)("%s with %j is %s", (phase, daemons, state) => {
    expect(summarise(phase, daemons)).toBe(state);
  });
});

describe("withMoreOsds", () => {
  const one = [{ id: 0, uuid: "u", made: true }];
  test("adds what is missing, unmade, and never takes one away", () => {
    expect(withMoreOsds(one, undefined)).toEqual(one);
    expect(withMoreOsds(one, 1)).toEqual(one);
    const three = withMoreOsds(one, 3);
    expect(three.map(({ id, made }) => [id, made])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ]);
    expect(withMoreOsds(three, 1)).toEqual(three);
  });
});

describe("checkOptions", () => {
  test.each([
    { dir: "" },
    { dir: "/d", osds: 0 },
    { dir: "/d", osds: 1.5 },
    { dir: "/d", osdSizeGiB: Number.NaN },
  ])("refuses %j", (options) => {
    expect(() => checkOptions(options)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
    );
  });
});

describe("ownerOf", () => {
  test("reads the process in the name of a temporary cluster of this user", () => {
    expect(ownerOf("coppice-test-0-4711-998877-1", "coppice-test", 0)).toEqual({
      pid: 4711,
      startedAt: "998877",
    });
  });
  test.each([
    "coppice-test-1000-4711-998877-1",
    "coppice-test-0-4711",
    "other-0-4711-998877-1",
    "coppice-test-0-x-y-1",
  ])("leaves %s alone", (name) => {
    expect(ownerOf(name, "coppice-test", 0)).toBeUndefined();
  });
});

describe("parseMonitorPort", () => {
  test("finds the port in what monmaptool prints", () => {
    const v2 = "epoch 1\nfsid 90ec\nelection_strategy: 1\n0: v2:127.0.0.1:21300/0 mon.a\n";
    expect(parseMonitorPort(v2)).toBe(21_300);
    expect(parseMonitorPort("0: [v2:127.0.0.1:21300/0,v1:127.0.0.1:21301/0] mon.a\n")).toBe(21_300);
  });
  test("refuses another cluster's map", () => {
    expect(() => parseMonitorPort("0: v2:10.0.0.1:3300/0 mon.b\n")).toThrow(
      "names no monitor of this cluster",
    );
  });
});
