import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ClusterState, readState, writeState } from "../../../src/folder/state.ts";
import { scratchFolder } from "../../support/scratch.ts";

const state: ClusterState = {
  format: 1,
  fsid: "0a1b",
  phase: "ready",
  mgr: true,
  osdBytes: 2 ** 36,
  osds: [{ id: 0, uuid: "u", made: true }],
};

test("is read back as it was written", async () => {
  await using scratch = await scratchFolder();
  const path = join(scratch.path, "cluster.json");
  expect(await readState(path)).toBeUndefined();
  await writeState(path, state);
  expect(await readState(path)).toEqual(state);
});

test.each([
  ["empty", ""],
  ["cut short", JSON.stringify(state).slice(0, -4)],
  ["of a newer format", JSON.stringify({ ...state, format: 2 })],
  ["in a phase that is not known", JSON.stringify({ ...state, phase: "melting" })],
  ["with a broken OSD", JSON.stringify({ ...state, osds: [{ id: 0 }] })],
])("is refused, and the folder left alone, when it is %s", async (_, text) => {
  await using scratch = await scratchFolder();
  const path = join(scratch.path, "cluster.json");
  await writeFile(path, text);
  await expect(readState(path)).rejects.toMatchObject({ code: "STATE_UNREADABLE", object: path });
});
