import { expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import { openImage } from "../../../src/image/image.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("lost-map");

/** Takes a snapshot's object map away, or cuts it off: a client that dies while it makes a snapshot leaves that. */
async function damageMap(source: string, snapshot: string, damage: "remove" | "truncate"): Promise<void> {
  await using image = await openImage(own.cluster, source, { readOnly: true });
  const id = (await image.snapshotId(snapshot)).toString(16).padStart(16, "0");
  const object = `rbd_object_map.${image.id}.${id}`;
  if (damage === "remove") await own.witness.rados("-p", own.pool, "rm", object);
  else await own.witness.rados("-p", own.pool, "truncate", object, "3");
}

it.each([
  ["remove", ["monday="]],
  ["truncate", ["monday="]],
  ["remove", ["monday=", "tuesday="]],
  ["remove", ["sunday", "monday"]],
] as const)(
  "an image is cloned though a snapshot's object map is damaged: %s, %j",
  async (damage, snapshots) => {
    const source = `${own.pool}/${damage}-${snapshots.length}-${snapshots[0].length}`;
    await imageWithHistory(own.cluster, source, snapshots, { size: 16 * mib });
    await damageMap(source, "monday", damage);
    const target = `${source}-clone`;
    await cloneImage(own.cluster, { source, target, cloneFormat: 2 });
    expect(await own.witness.md5(target)).toBe(await own.witness.md5(source));
    await cloneImage(own.cluster, { source, target: `${target}-2`, cloneFormat: 2 });
    expect(await own.witness.md5(`${target}-2`)).toBe(await own.witness.md5(source));
  },
);
