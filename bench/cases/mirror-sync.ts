import {
  abortMirror,
  copyDiff,
  createImage,
  createSnapshot,
  openImage,
  startMirror,
  syncMirror,
} from "rbd-core";
import type { BenchCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";
import { freshPool, noise, numbers } from "./transfer-increment.ts";

const pool = "bench-mirror-sync";
const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const size = 100 * GiB;
const [source, ours, peer] = [`${pool}/source`, `${pool}/ours`, `${pool}/peer`];

/** Ten pieces of 1 MiB each time, somewhere else. */
const random = numbers(100);
const piece = (seed: number) => noise(MiB, seed);

/**
 * One sync of a mirror of 100 GiB, thin, of which 10 MiB were written since the last: a snapshot, its copy, read back and recorded,
 * and the old snapshots gone on both ends. The peer does the same by hand, without reading back.
 */
export const mirrorSync: BenchCase = {
  name: "mirror-sync",
  work: "sync of a mirror, 100 GiB thin, 10 MiB written since",
  against: "rbd snap create, export-diff | import-diff, snap rm",
  unit: "ms",
  atLeast: 1,
  pairs: 5,
  async prepare({ cluster, shell }) {
    await shell.bash(freshPool(pool));
    await createImage(cluster, source, { size });
    await createImage(cluster, peer, { size: 0 });
    const mirror = ours;
    await startMirror(cluster, { disks: [{ source, mirror }] }, { target: { pool } });
    await createSnapshot(cluster, `${source}@peer-0`);
    await copyDiff(cluster, { image: source, to: "peer-0", target: { image: peer } });
    let seed = 0;
    const change = async () => {
      await using image = await openImage(cluster, source);
      for (let i = 0; i < 10; i++)
        await image.write(Math.floor((random() * size) / MiB) * MiB, piece(++seed));
    };
    let [synced, written] = ["", 0];
    let last = 0;
    return {
      async ours() {
        await change();
        return timed(async () => {
          const { set, bytesWritten } = await syncMirror(cluster, { mirror });
          synced = set.snapshot;
          written = bytesWritten;
        });
      },
      async peer(pair) {
        const [from, to] = [`peer-${pair}`, `peer-${pair + 1}`];
        last = pair + 1;
        return timed(() =>
          shell.bash(`rbd snap create --no-progress ${source}@${to}
            rbd export-diff --no-progress --from-snap ${from} ${source}@${to} - | rbd import-diff --no-progress - ${peer}
            rbd snap rm --no-progress ${source}@${from}
            rbd snap rm --no-progress ${peer}@${from}`),
        );
      },
      async verify() {
        if (written > 10.5 * MiB)
          throw new Error(`a sync wrote ${written} bytes for 10 MiB that were written`);
        // The peer's snapshot is of the same state as ours, or of a later one where it went first.
        const { set } = await syncMirror(cluster, { mirror });
        synced = set.snapshot;
        const differs = async (a: string, b: string) => {
          await using one = await openImage(cluster, a);
          await using other = await openImage(cluster, b);
          for await (const batch of one.diffIterate({ wholeObject: true })) {
            for (let i = 0; i < batch.count; i++) {
              const range = [batch.offset(i), batch.length(i)] as const;
              if (!(await one.read(...range)).equals(await other.read(...range))) return true;
            }
          }
          return false;
        };
        if (await differs(`${source}@${synced}`, `${ours}@${synced}`)) throw new Error("the mirror differs");
        if (await differs(`${source}@peer-${last}`, `${peer}@peer-${last}`))
          throw new Error("the peer differs");
      },
      async [Symbol.asyncDispose]() {
        await abortMirror(cluster, { mirror });
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};
