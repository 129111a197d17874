import { beforeAll, describe, expect, it } from "vitest";
import { headerObject } from "../../../src/headers/object-names.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { InventoryMemory } from "../../../src/inventory/inventory-memory.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";

const own = useCliPool("memory-test");
const { cli, pool } = own;
const memory = new InventoryMemory();

beforeAll(async () => {
  for (let n = 0; n < 6; n++) {
    await cli.rbd("create", "--size", "4M", `${pool}/image-${n}`);
    await cli.rbd("snap", "create", "--no-progress", `${pool}/image-${n}@s`);
  }
  await cli.rbd("snap", "protect", `${pool}/image-0@s`);
  await cli.rbd("clone", `${pool}/image-0@s`, `${pool}/clone`);
});

/** Makes all headers look as if nobody had touched them for long. */
async function letSettle(): Promise<void> {
  const { rows } = await inventory(own.cluster, { pools: [pool] });
  for (const { id } of rows) await cli.rados(pool, "", "touch", headerObject(`${id}`), "1700000000");
}

/** Scans with the memory, compares with a scan without, and says how many headers were read. */
async function scan(): Promise<number> {
  const before = memory.headersRead;
  const { rows } = await inventory(own.cluster, { pools: [pool], memory });
  const read = memory.headersRead - before;
  expect(rows).toEqual((await inventory(own.cluster, { pools: [pool] })).rows);
  expect(memory.size).toBe(rows.length);
  return read;
}

describe("an inventory with a memory", () => {
  it("reads only what changed", async () => {
    await letSettle();
    expect(await scan()).toBe(7);
    expect(await scan()).toBe(0);
    expect(memory.headersUnchanged).toBe(7);
  });

  it.each<[string, number, () => Promise<unknown>]>([
    ["a snapshot", 1, () => cli.rbd("snap", "create", "--no-progress", `${pool}/image-1@new`)],
    ["a protection", 1, () => cli.rbd("snap", "protect", `${pool}/image-2@s`)],
    ["a size", 1, () => cli.rbd("resize", "--no-progress", "--size", "8M", `${pool}/image-3`)],
    ["a feature", 1, () => cli.rbd("feature", "disable", `${pool}/image-3`, "fast-diff")],
    ["a renamed snapshot", 1, () => cli.rbd("snap", "rename", `${pool}/image-4@s`, `${pool}/image-4@t`)],
    ["a name", 1, () => cli.rbd("rename", `${pool}/image-5`, `${pool}/renamed`)],
    ["a place in the trash", 1, () => cli.rbd("trash", "mv", `${pool}/renamed`)],
    ["a new image", 1, () => cli.rbd("create", "--size", "1M", `${pool}/new`)],
    ["an image that is gone", 0, () => cli.rbd("rm", "--no-progress", `${pool}/new`)],
  ])("notices %s", async (_, most, change) => {
    await letSettle();
    await scan();
    await change();
    expect(await scan()).toBeLessThanOrEqual(most);
  });

  it("notices a flatten at both ends", async () => {
    await letSettle();
    await scan();
    await cli.rbd("flatten", "--no-progress", `${pool}/clone`);
    expect(await scan()).toBeGreaterThanOrEqual(1);
  });

  it("reads again what changed a short while ago, until it has rested", async () => {
    await letSettle();
    await scan();
    await cli.rbd("resize", "--no-progress", "--size", "12M", `${pool}/image-3`);
    expect(await scan()).toBe(1);
    expect(await scan()).toBe(1);
    await letSettle();
    await scan();
    expect(await scan()).toBe(0);
  });

  it("keeps what another inventory does not read, and serves two inventories at the same time", async () => {
    await letSettle();
    await scan();
    const kept = memory.size;
    await inventory(own.cluster, { pools: ["no-such-pool"], memory });
    expect(memory.size).toBe(kept);
    const before = memory.headersRead;
    const both = [pool, pool].map((each) => inventory(own.cluster, { pools: [each], memory }));
    const [one, other] = await Promise.all(both);
    expect(one?.rows).toEqual(other?.rows);
    expect(memory.headersRead).toBe(before);
    expect(memory.size).toBe(kept);
  });
});
