import { createPools, deletePools, freshName, type RbdCli } from "./rbd-cli.ts";

/** Numbers that a seed repeats (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}

export interface ForestPlace {
  pool: string;
  namespace: string;
}

export interface RandomForest extends AsyncDisposable {
  pools: string[];
  /** Holds data of some images, and no images. */
  dataPool: string;
  places: ForestPlace[];
}

/**
 * Grows a forest of every kind of image that Ceph knows, in two pools and two namespaces of its own. What Ceph
 * refuses (a clone of format 1 of an unprotected snapshot, say) is left out: what is there in the end counts.
 * Whatever the seed, one of every kind is among them.
 */
export async function growRandomForest(
  cli: RbdCli,
  name: string,
  seed: number,
  steps: number,
): Promise<RandomForest> {
  await using undo = new AsyncDisposableStack();
  const dice = new Dice(seed);
  const [pools, data] = [[freshName(name), freshName(name)], freshName(`${name}-data`)];
  undo.defer(() => deletePools(cli, [...pools, data]));
  await createPools(cli, [...pools, data]);
  const places: ForestPlace[] = pools.map((pool) => ({ pool, namespace: "" }));
  for (const namespace of ["one", "two"]) {
    await cli.rbd("namespace", "create", `${pools[0]}/${namespace}`);
    places.push({ pool: `${pools[0]}`, namespace });
  }
  await cli.rbd("mirror", "pool", "enable", `${pools[1]}`, "image");
  const show = ({ pool, namespace }: ForestPlace, image: string) =>
    namespace === "" ? `${pool}/${image}` : `${pool}/${namespace}/${image}`;

  const images: string[] = [];
  const snapshots: string[] = [];
  let count = 0;
  const fresh = (kind: string) => `${kind} ${++count}`;
  const actions: [weight: number, act: () => Promise<void>][] = [
    [
      5,
      async () => {
        const image = show(dice.pick(places), fresh("disk"));
        const order = 16 + dice.below(8);
        const striping = dice.chance(0.3)
          ? ["--stripe-unit", `${2 ** (order - dice.below(3))}`, "--stripe-count", `${1 + dice.below(5)}`]
          : [];
        const made = await cli.attempt(
          "create",
          ...["--size", `${1 + dice.below(64)}M`, "--object-size", `${2 ** order}B`],
          ...(dice.chance(0.3) ? ["--data-pool", data] : []),
          ...(dice.chance(0.2) ? ["--image-feature", "layering"] : []),
          ...striping,
          image,
        );
        if (made) images.push(image);
      },
    ],
    [
      6,
      async () => {
        if (images.length === 0) return;
        const snapshot = `${dice.pick(images)}@${fresh("snap")}`;
        if (!(await cli.attempt("snap", "create", "--no-progress", snapshot))) return;
        snapshots.push(snapshot);
        if (dice.chance(0.6)) await cli.attempt("snap", "protect", snapshot);
      },
    ],
    [
      8,
      async () => {
        if (snapshots.length === 0) return;
        const clone = show(dice.pick(places), fresh("clone"));
        const format = `--rbd-default-clone-format=${dice.pick([1, 2, 2])}`;
        if (await cli.attempt(format, "clone", dice.pick(snapshots), clone)) images.push(clone);
      },
    ],
    [
      1,
      async () =>
        void (images.length > 0 && (await cli.attempt("flatten", "--no-progress", dice.pick(images)))),
    ],
    [
      1,
      async () => {
        if (images.length === 0) return;
        await cli.attempt(
          "resize",
          "--no-progress",
          "--allow-shrink",
          "--size",
          `${dice.below(80)}M`,
          dice.pick(images),
        );
      },
    ],
    [
      1,
      async () =>
        void (
          snapshots.length > 0 && (await cli.attempt("snap", "rm", "--no-progress", dice.pick(snapshots)))
        ),
    ],
    [
      1,
      async () =>
        void (snapshots.length > 0 && (await cli.attempt("snap", "unprotect", dice.pick(snapshots)))),
    ],
    [
      1,
      async () => {
        if (images.length === 0) return;
        const delay = dice.chance(0.5) ? ["--expires-at", "2030-01-01"] : [];
        await cli.attempt("trash", "mv", ...delay, dice.pick(images));
      },
    ],
    [
      1,
      async () =>
        void (
          images.length > 0 && (await cli.attempt("image-meta", "set", dice.pick(images), "owner", "müller"))
        ),
    ],
    [
      1,
      async () => {
        const at = dice.below(Math.max(1, images.length));
        const from = images[at];
        if (from === undefined) return;
        const to = `${from} renamed`;
        if (!(await cli.attempt("rename", from, to))) return;
        images[at] = to;
        for (const [index, each] of snapshots.entries()) {
          if (each.startsWith(`${from}@`)) snapshots[index] = each.replace(from, to);
        }
      },
    ],
    [
      1,
      async () => {
        if (images.length === 0) return;
        const group = `${dice.pick(pools)}/${fresh("group")}`;
        if (!(await cli.attempt("group", "create", group))) return;
        for (let n = 0; n < 2; n++) await cli.attempt("group", "image", "add", group, dice.pick(images));
        if (dice.chance(0.5)) await cli.attempt("group", "snap", "create", `${group}@snap`);
      },
    ],
    [
      1,
      async () =>
        void (
          images.length > 0 && (await cli.attempt("mirror", "image", "enable", dice.pick(images), "snapshot"))
        ),
    ],
    [
      1,
      async () => {
        // `rbd migration prepare` of Ceph 16 crashes when it cannot take the clones of an image along.
        const childless = images.filter((image) => !snapshots.some((each) => each.startsWith(`${image}@`)));
        if (childless.length === 0) return;
        const target = show(dice.pick(places), fresh("migrated"));
        await cli.attempt("migration", "prepare", dice.pick(childless), target);
      },
    ],
  ];
  const weighted = actions.flatMap(([weight, act]) => Array<typeof act>(weight).fill(act));
  for (let step = 0; step < steps; step++) await dice.pick(weighted)();
  await plantEveryKind(cli, places, data);

  const made = undo.move();
  return { pools, dataPool: data, places, [Symbol.asyncDispose]: () => made.disposeAsync() };
}

/** A small family of each kind, so that no seed goes without one. */
async function plantEveryKind(cli: RbdCli, places: readonly ForestPlace[], dataPool: string): Promise<void> {
  const [home, away, tenant] = places.map(({ pool, namespace }) =>
    namespace === "" ? pool : `${pool}/${namespace}`,
  );
  const parent = `${home}/planted parent`;
  await cli.rbd(
    ...["create", "--size", "9M", "--object-size", "1M", "--data-pool", dataPool],
    ...["--stripe-unit", "256K", "--stripe-count", "3", parent],
  );
  await cli.rbd("snap", "create", "--no-progress", `${parent}@base`);
  await cli.rbd("snap", "protect", `${parent}@base`);
  const clone = (format: 1 | 2, from: string, to: string) =>
    cli.rbd(`--rbd-default-clone-format=${format}`, "clone", from, to);
  await clone(1, `${parent}@base`, `${home}/planted of format 1`);
  await clone(1, `${parent}@base`, `${away}/planted of format 1, away`);
  await clone(2, `${parent}@base`, `${tenant}/planted of format 2`);
  await clone(2, `${parent}@base`, `${away}/planted and thrown away`);
  await cli.rbd("trash", "mv", `${away}/planted and thrown away`);

  // A parent in the trash, with a clone elsewhere and one beside it there.
  const dead = `${tenant}/planted dead parent`;
  await cli.rbd("create", "--size", "2M", dead);
  await cli.rbd("snap", "create", "--no-progress", `${dead}@last`);
  await clone(2, `${dead}@last`, `${home}/planted orphan`);
  await clone(2, `${dead}@last`, `${tenant}/planted dead child`);
  await cli.rbd("trash", "mv", `${tenant}/planted dead child`);
  await cli.rbd("trash", "mv", dead);

  // A snapshot that lives on in its trash.
  const hidden = `${home}/planted with a hidden snapshot`;
  await cli.rbd("create", "--size", "2M", hidden);
  await cli.rbd("snap", "create", "--no-progress", `${hidden}@gone`);
  await clone(2, `${hidden}@gone`, `${away}/planted of a hidden snapshot`);
  await cli.rbd("snap", "rm", "--no-progress", `${hidden}@gone`);

  const member = `${home}/planted member`;
  await cli.rbd("create", "--size", "2M", member);
  await cli.rbd("group", "create", `${home}/planted group`);
  await cli.rbd("group", "image", "add", `${home}/planted group`, member);
  await cli.rbd("group", "snap", "create", `${home}/planted group@together`);

  // Mirroring is on in the second pool.
  const mirrored = `${away}/planted mirrored`;
  await cli.rbd("create", "--size", "2M", mirrored);
  await cli.rbd("mirror", "image", "enable", mirrored, "snapshot");
}
