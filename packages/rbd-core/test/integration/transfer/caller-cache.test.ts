import { expect, test } from "vitest";
import { createImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("caller-cache");

test("a copy leaves the settings of the target's connection, and so the cache of the caller's own images, as they are", async () => {
  const [source, target] = [`${own.pool}/source`, `${own.pool}/target`];
  for (const image of [source, target]) await createImage(own.cluster, image, { size: 2 ** 22 });
  await createSnapshot(own.cluster, `${source}@now`);
  expect(await own.cluster.getSetting("rbd_cache")).toBe("true");
  await copyDiff(own.cluster, { image: source, to: "now", target: { image: target } });
  expect(await own.cluster.getSetting("rbd_cache")).toBe("true");
});
