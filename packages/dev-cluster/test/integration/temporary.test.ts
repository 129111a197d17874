import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { clusterStatus, startTemporaryCluster } from "../../src/index.ts";
import { scratchFolder } from "../support/scratch.ts";

const script = fileURLToPath(new URL("../support/run-temporary.ts", import.meta.url));

test("a temporary cluster is removed with its folder, also that of a killed process", async () => {
  await using root = await scratchFolder();
  const owner = spawn(process.execPath, [script, root.path], { stdio: ["pipe", "pipe", "inherit"] });
  const [abandoned] = await once(owner.stdout, "data");
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect((await clusterStatus(String(abandoned))).state).toBe("running");

  const first = await startTemporaryCluster({ root: root.path, mgr: false });
  const second = await startTemporaryCluster({ root: root.path, mgr: false });
  expect((await readdir(root.path)).sort()).toEqual(
    [first.dir, second.dir].map((dir) => basename(dir)).sort(),
  );
  await first.stop();
  await second.stop();
  expect(await readdir(root.path)).toEqual([]);
});
