import { describe, expect, it } from "vitest";
import { createImage, removeImage } from "../../../src/image/image.ts";
import { createSnapshot, protectSnapshot } from "../../../src/image/snapshots.ts";
import { deleteVolume } from "../../../src/volume/delete-volume.ts";
import { withBrokenCall } from "../../support/break-call.ts";
import { breakRemoval } from "../../support/break-removal.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("delete-faults");
const { pool, rbd } = own;

describe("deleteVolume loses nothing that it does not name", { timeout: 300_000 }, () => {
  it.each([false, true])("when any call fails (late: %s)", async (late) => {
    const place = `${pool}-broken-${late}`;
    await own.cluster.createPool(place);
    const spec = `${place}/volume`;
    const { broken } = await breakRemoval({
      own,
      pool: place,
      late,
      make: () => createImage(own.cluster, spec, { size: 1024 ** 2 }),
      flow: (cluster) => deleteVolume(cluster, { volume: spec, dependants: "keep" }),
      clear: () => removeImage(own.cluster, spec),
    });
    expect([...broken]).toEqual(expect.arrayContaining(["trashMove", "trashRemove"]));
  });

  it.each([false, true])("when any call fails while clones are flattened (late: %s)", async (late) => {
    const place = `${pool}-cloned-${late}`;
    await own.cluster.createPool(place);
    const [spec, clone] = [`${place}/volume`, `${place}/clone`];
    await rbd("create", "--size", "4M", spec);
    await rbd(
      "bench",
      "--io-type",
      "write",
      "--io-total",
      "512K",
      "--io-size",
      "64K",
      "--io-pattern",
      "rand",
      spec,
    );
    await createSnapshot(own.cluster, `${spec}@s`);
    await protectSnapshot(own.cluster, `${spec}@s`);
    const content = await own.witness.md5(spec);
    const options = { volume: spec, dependants: "flatten", snapshots: "all" } as const;
    const seen = new Set<string>();
    for (let at = 0; ; at++) {
      const there = (await own.witness.json("ls", place)) as string[];
      if (!there.includes("clone")) await rbd("clone", `${spec}@s`, clone);
      const { calls, struck, outcome } = await withBrokenCall(own.native, at, late, (cluster) =>
        deleteVolume(cluster, options),
      );
      seen.add(calls[at] ?? "");
      // Whatever happened: the clone has its content, and the volume is where it was, or in the trash and named, or gone.
      expect(await own.witness.md5(clone), `${struck}`).toBe(content);
      if (struck === undefined) {
        expect(outcome.error).toBeUndefined();
        break;
      }
      if (outcome.error === undefined) break;
      const trash = (await own.witness.json("trash", "ls", place)) as { id: string }[];
      if (trash.length > 0) {
        expect(outcome.error, `${struck}`).toMatchObject({
          code: "UNDO_FAILED",
          left: [expect.stringContaining(`${trash[0]?.id}`)],
        });
        break;
      }
      expect(await own.witness.md5(`${spec}@s`), `${struck}`).toBe(content);
      await removeImage(own.cluster, clone);
    }
    expect([...seen]).toEqual(expect.arrayContaining(["flatten", "trashMove"]));
  });
});
