import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rebuildObjectMap } from "../../../src/chain/rebuild-object-map.ts";
import { snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";
import { invalidMaps } from "./invalid-maps.ts";

const own = useCliPool("killed-rebuild");
const { cli } = own;
const { distrustedImage, owns, checkedByRbd } = invalidMaps(own);

it("rebuildObjectMap continues where a killed process stopped", async () => {
  const spec = await distrustedImage("killed", 4096);
  const child = fork(join(import.meta.dirname, "children/rebuild.ts"), [cli.conf, spec]);
  const ended = once(child, "exit");
  child.on("message", (point) => {
    if (point === null) child.kill("SIGKILL");
  });
  expect(await ended).toEqual([null, "SIGKILL"]);
  // What was done is trusted; what was not is still marked. The next waits until Ceph has given the dead client up.
  expect((await snapshotChain(own.cluster, spec)).objectMaps).toMatchObject({
    state: "invalid",
    points: [null],
  });
  expect((await rebuildObjectMap(own.cluster, spec)).rebuilt).toEqual([null]);
  expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 0] });
  await checkedByRbd(spec);
}, 120_000);
