import { mkdtemp, open as openFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openDirectoryTarget } from "../../../src/backup/index.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { describeBackupTarget } from "./target-suite.ts";

const pools = useOwnPool("directory-target");
let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "coppice-directory-"));
});
afterAll(() => rm(root, { recursive: true }));

describeBackupTarget(pools, {
  open: () => openDirectoryTarget(root, { create: true }),
  async damage({ chain, stored }) {
    if (stored.kind !== "diff") throw new Error("the point is not in a directory");
    await using file = await openFile(join(root, chain, stored.file), "r+");
    const byte = Buffer.alloc(1);
    const middle = Math.floor(stored.bytes / 2);
    await file.read(byte, 0, 1, middle);
    await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, middle);
  },
});
