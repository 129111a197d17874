import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { startCluster } from "../../src/index.ts";
import { cli } from "../support/cli.ts";
import { rbd } from "../support/clients.ts";
import { scratchClusterFolder } from "../support/scratch-cluster.ts";

/** Debian's "nobody": a user with no home, no shell and no rights. */
const nobody = 65_534;

test.runIf(process.getuid?.() === 0)("any user can have a cluster, and no other one starts it", async () => {
  await using scratch = await scratchClusterFolder();
  await chmod(dirname(scratch.dir), 0o755);
  await mkdir(scratch.dir);
  await chown(scratch.dir, nobody, nobody);
  const as = { uid: nobody, gid: nobody, cwd: "/" };

  const started = await cli(["start", "--dir", scratch.dir, "--no-mgr", "--json"], as);
  expect(started).toMatchObject({ code: 0 });
  expect((await stat(join(scratch.dir, "osd.0", "block"))).uid).toBe(nobody);
  expect(await rbd(JSON.parse(started.stdout).conf, "ls")).toBe("");

  await expect(startCluster({ dir: scratch.dir })).rejects.toMatchObject({
    code: "UNSUITABLE_FOLDER",
    message: expect.stringContaining(`user ${nobody}`),
  });
  expect((await cli(["stop", "--dir", scratch.dir], as)).code).toBe(0);
});
