import { describe, expect, it } from "vitest";
import { digesting } from "../../../src/formats/bytes.ts";
import { formatSidecar, parseSidecar, type Sidecar } from "../../../src/formats/sidecar.ts";
import { formatErrorOf, join, pieces } from "./support.ts";

const sample: Sidecar = {
  format: "coppice sidecar",
  version: 1,
  kind: "diff",
  source: {
    fsid: "6f0a3c1e-8f0b-4a34-9d7e-0d6e5f4c3b2a",
    poolId: 3,
    poolName: "rbd",
    namespace: "",
    imageId: "10226b8b4567",
    imageName: "vm-1",
  },
  from: { name: "monday", id: "4" },
  to: { name: "tuesday", id: "18446744073709551613" },
  size: 10 * 2 ** 30,
  objectSize: 2 ** 22,
  content: { bytes: 12, sha256: "0".repeat(64) },
  stored: null,
  createdAt: "2026-01-02T03:04:05.678Z",
};

describe("a sidecar", () => {
  it("reads back what was written", () => {
    expect(parseSidecar(formatSidecar(sample))).toEqual(sample);
  });

  it.each<[string, string, string]>([
    ["no JSON", "{", "not JSON"],
    ["another format", formatSidecar(sample).replace("coppice sidecar", "x"), "format is wrong"],
    ["a newer version", formatSidecar(sample).replace('"version": 1', '"version": 2'), "version is wrong"],
    ["a field missing", formatSidecar(sample).replace('"poolId": 3,', ""), "source.poolId is wrong"],
    [
      "a field too many",
      formatSidecar(sample).replace('"poolId"', '"extra": 1, "poolId"'),
      "source is wrong",
    ],
    ["a negative size", formatSidecar(sample).replace('"size": 10', '"size": -10'), "size is wrong"],
    ["a digest of another length", formatSidecar(sample).replace("00", "0"), "content.sha256 is wrong"],
    ["an id that is no number", formatSidecar(sample).replace('"id": "4"', '"id": "-4"'), "from.id is wrong"],
    ["no object", "null", "the sidecar is wrong"],
    ["a megabyte", " ".repeat(2 ** 20), "longer than"],
  ])("with %s is refused", async (_, text, problem) => {
    const error = await formatErrorOf(async () => parseSidecar(text));
    expect(error?.code).toBe("BAD_SIDECAR");
    expect(error?.message).toContain(problem);
  });
});

describe("digesting", () => {
  it("passes bytes on and knows their digest", async () => {
    const { content, digest } = digesting(pieces(Buffer.from("abc"), [1]));
    expect(await join(content)).toEqual(Buffer.from("abc"));
    expect(digest()).toEqual({
      bytes: 3,
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    });
  });
});
