import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPoolTarget } from "../../../src/backup/index.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { describeBackupTarget } from "./target-suite.ts";

const pools = useOwnPool("pool-target", ["backups"]);
const pool = pools.other("backups");

describeBackupTarget(pools, {
  open: () => openPoolTarget(pools.cluster, { pool }),
  async damage({ stored }) {
    if (stored.kind !== "snapshot") throw new Error("the point is not in a pool");
    // A write without a snapshot context changes the object for the snapshots that share it, too.
    const object = `rbd_data.${stored.imageId}.0000000000000000`;
    const folder = await mkdtemp(join(tmpdir(), "coppice-damage-"));
    const file = join(folder, "object");
    await pools.witness.rados("-p", pool, "get", object, file);
    const bytes = await readFile(file);
    const middle = bytes.length - 1000;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(file, bytes);
    await pools.witness.rados("-p", pool, "put", object, file);
    await rm(folder, { recursive: true });
  },
});
