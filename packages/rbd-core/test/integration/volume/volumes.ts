import type { OwnPools } from "../../support/use-own-pool.ts";

/** Volumes of 4 MiB with some data, for tests of what is done to one. */
export function useVolumes(own: OwnPools) {
  let count = 0;
  const { pool, rbd } = own;
  const write = (spec: string, pattern: "seq" | "rand" = "seq") =>
    own.write(spec, { total: "256K", size: "64K", pattern });

  /** Two like volumes: one for ours, one for the commands. */
  async function pair(): Promise<[ours: string, theirs: string]> {
    const ours = `${pool}/volume-${count++}`;
    await rbd("create", "--size", "4M", ours);
    await write(ours);
    await rbd("cp", "--no-progress", ours, `${ours}-theirs`);
    return [ours, `${ours}-theirs`];
  }

  /** A new pool of its own with one volume, `volume`: all of it is read after every fault. */
  async function alone(name: string): Promise<string> {
    const place = `${pool}-${name}`;
    await own.cluster.createPool(place);
    await rbd("create", "--size", "4M", `${place}/volume`);
    await write(`${place}/volume`);
    return place;
  }

  return { write, pair, alone };
}
