import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { longestName } from "../../../src/names/name-part.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";

let own: OwnPool;

beforeAll(async () => {
  own = await ownPool("names");
});

afterAll(async () => {
  await own?.cluster.deletePool(own.pool);
  await own?.[Symbol.asyncDispose]();
});

// The binding is asked directly: the parser must refuse no name that the cluster would take.
describe("the longest names", () => {
  it("are those the cluster takes", async () => {
    const ioCtx = await own.cluster.pool(own.pool);
    const image = "i".repeat(longestName.image);
    await ioCtx.createImage(image, { size: 4096 });
    await ioCtx.removeImage(image);
    await expect(ioCtx.createImage(`${image}i`, { size: 4096 })).rejects.toMatchObject({
      code: "NAME_TOO_LONG",
    });

    const namespace = "n".repeat(longestName.namespace);
    await ioCtx.createNamespace(namespace);
    await expect(ioCtx.createNamespace(`${namespace}n`)).rejects.toMatchObject({ code: "NAME_TOO_LONG" });
    const inside = await own.cluster.pool(own.pool, namespace);
    await inside.createImage(image, { size: 4096 });
    expect(await inside.listImages()).toMatchObject([{ name: image }]);
  });
});
