import { expect, it } from "vitest";
import { CoppiceError } from "../../../src/errors/index.ts";
import { jsonReplacer } from "../../../src/inventory/index.ts";
import { imageRow, snapshotRow } from "../rows.ts";

it("rows become JSON, with 64-bit numbers as text that loses no digit", () => {
  const row = imageRow("vm-1", {
    features: 2n ** 63n + 1n,
    snapshots: [snapshotRow("monday", { id: 2n ** 53n + 1n })],
  });
  expect(() => JSON.stringify(row)).toThrow(TypeError);
  const back = JSON.parse(JSON.stringify(row, jsonReplacer));
  expect(BigInt(back.features)).toBe(row.features);
  expect(BigInt(back.snapshots[0].id)).toBe(2n ** 53n + 1n);
  expect(new Date(back.createdAt)).toEqual(row.createdAt);
  expect(back).toMatchObject({ spec: "rbd/vm-1", size: 1024, parent: null });
});

it("errors keep what they say, and maps and sets their contents", () => {
  const error = new CoppiceError({
    code: "IO",
    message: "no",
    hint: "Try again.",
    cause: new Error("secret"),
  });
  const back = JSON.parse(
    JSON.stringify({ error, nodes: new Map([["a", 1n]]), set: new Set([2]) }, jsonReplacer),
  );
  expect(back).toEqual({
    error: {
      name: "CoppiceError",
      code: "IO",
      message: "no. Try again.",
      hint: "Try again.",
      errno: 0,
      call: "",
      left: [],
    },
    nodes: [["a", "1"]],
    set: [2],
  });
});
