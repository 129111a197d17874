import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFileAtomically } from "../../../src/folder/files.ts";
import { scratchFolder } from "../../support/scratch.ts";

test("replaces the text, for the owner alone, and leaves nothing beside it", async () => {
  await using scratch = await scratchFolder();
  const path = join(scratch.path, "keyring");
  await writeFileAtomically(path, "a much longer old text");
  await writeFileAtomically(path, "new");
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(scratch.path)).toEqual(["keyring"]);
});
