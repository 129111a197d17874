import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { Browser, CLUSTER } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { ageHeader, rbd } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();
const IMAGES = 5;

test("a refresh reads only the headers that changed, and sees what plain rbd changed", async () => {
  const space = `scan-${randomUUID().slice(0, 8)}`;
  const spec = (index: number) => `rbd/${space}/image-${index}`;
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  for (let index = 0; index < IMAGES; index++) await rbd(conf, "create", "--size", "4M", spec(index));

  await using data = await temporaryDir();
  const env = { COPPICE_DATA: data.path, CEPH_CONF: conf, COPPICE_LOG_LEVEL: "debug" };
  await using server = new ServerProcess({ ...env, COPPICE_CLUSTER_ID: CLUSTER });
  const browser = await Browser.open((await server.ready()).url);
  const list = async () => {
    await browser.trpc.inventory.refresh.mutate({ cluster: CLUSTER });
    return (await browser.trpc.images.list.query({ cluster: CLUSTER, namespace: space })).rows;
  };
  /** What the newest scan did. */
  const scan = () => server.logLines("scanned the images").at(-1) as Record<string, number>;

  // A header that was changed in the last minutes is read at every scan; those of other tests are, for example.
  for (const { key } of await list()) await ageHeader(conf, "rbd", space, key.split("/").at(-1) ?? "");
  await list();
  const before = await list();
  const { images = 0, headersRead = 0, headersUnchanged = 0 } = scan();
  expect(before.map(({ size }) => size)).toEqual(Array(IMAGES).fill(4 * 1024 ** 2));
  expect(headersUnchanged).toBeGreaterThanOrEqual(IMAGES);
  expect(headersRead).toBeLessThanOrEqual(images - IMAGES);

  await rbd(conf, "resize", "--no-progress", "--size", "8M", spec(2));
  await rbd(conf, "snap", "create", "--no-progress", `${spec(3)}@s`);
  await rbd(conf, "rm", "--no-progress", spec(4));
  const after = await list();
  expect(after.map(({ name, size, snapshotCount }) => [name, size / 1024 ** 2, snapshotCount])).toEqual([
    ["image-0", 4, 0],
    ["image-1", 4, 0],
    ["image-2", 8, 0],
    ["image-3", 4, 1],
  ]);
  expect(scan().headersUnchanged).toBeGreaterThanOrEqual(2);
});
