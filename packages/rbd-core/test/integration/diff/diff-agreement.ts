import type { Image } from "rbd-native";
import { expect, it } from "vitest";
import { normalizeExtents } from "../../../src/chain/chain-sizes.ts";
import { whatChanged } from "../../../src/chain/what-changed.ts";
import { canUseFastDiff } from "../../../src/diff/fast-diff.ts";
import { type Extent, planDiff } from "../../../src/diff/plan-diff.ts";
import { openImage } from "../../../src/image/image.ts";
import { testSeed } from "../../support/test-seed.ts";
import type { PlainRbdPool } from "../formats/use-plain-rbd.ts";
import { Random } from "../transfer/random.ts";
import { type MapState, makeRandomImage } from "../transfer/random-image.ts";

/**
 * The normal form in which diffs are compared: the extents with data and those without, each ascending and merged where
 * they touch, since it has no meaning where librbd divides an extent.
 */
function normal(extents: readonly Extent[]): { written: number[]; discarded: number[] } {
  const pieces = (wanted: boolean) =>
    normalizeExtents(
      extents.filter(({ exists }) => exists === wanted).flatMap(({ offset, length }) => [offset, length]),
    );
  return { written: pieces(true), discarded: pieces(false) };
}

/** One byte-accurate `rbd_diff_iterate2` over everything. */
async function plainDiff(image: Image, from: string | undefined, includeParent: boolean): Promise<Extent[]> {
  const extents: Extent[] = [];
  for await (const batch of image.diffIterate({ from, includeParent, wholeObject: false })) {
    for (let i = 0; i < batch.count; i++) {
      extents.push({ offset: batch.offset(i), length: batch.length(i), exists: batch.exists(i) });
    }
  }
  return extents;
}

/**
 * Compares all diffs of random images with one byte-accurate call and with `rbd diff`. The images have object maps of
 * every kind, and are clones and others.
 *
 * @param striped whether the images are striped
 */
export function diffAgreement({ plain, cluster }: PlainRbdPool, striped: boolean): void {
  /** What occurred among the images of all seeds. */
  const seen = new Set<string>();

  /** `rbd diff`, which includes the parent. */
  async function rbdDiff(spec: string, from: string | undefined): Promise<Extent[]> {
    const since = from === undefined ? [] : ["--from-snap", from];
    const printed = await plain.rbd(["diff", "--format", "json", ...since, spec]);
    type Piece = { offset: number; length: number; exists: string };
    return (JSON.parse(printed.toString()) as Piece[]).map((piece) => ({
      ...piece,
      exists: piece.exists === "true",
    }));
  }

  /** Rebuilds the maps of some snapshots, of the first one at least, so that a diff needs valid and invalid maps. */
  async function rebuildSome(spec: string, random: Random): Promise<void> {
    await using image = await openImage(cluster, spec);
    for (const [index, { id }] of (await image.listSnapshots()).entries()) {
      if (index > 0 && random.chance(0.5)) continue;
      await image.setSnapshot(id);
      await image.rebuildObjectMap();
      seen.add("some maps rebuilt");
    }
  }

  /** Changes HEAD after the last snapshot. */
  async function scribbleOnHead(spec: string, random: Random): Promise<void> {
    await using image = await openImage(cluster, spec);
    if (random.chance(0.3)) await image.resize(random.below(4 * 2 ** 20), { allowShrink: true });
    for (let left = random.below(6); left > 0; left--) {
      const size = await image.size();
      if (size < 2) return;
      const offset = random.below(size - 1);
      const length = Math.min(size - offset, 1 + random.below(2 ** 19));
      const kind = random.below(3);
      if (kind === 0) await image.write(offset, Buffer.alloc(length, 1 + random.below(255)));
      else if (kind === 1) await image.writeZeroes(offset, length);
      else await image.discard(offset, length);
    }
    await image.flush();
  }

  const kinds = striped
    ? ([
        ["striped image", 2],
        ["striped clone", 3],
      ] as const)
    : ([
        ["image", 0],
        ["clone", 1],
      ] as const);
  const cases = (["on", "off", "invalid", "mixed"] as const).flatMap((maps, row) =>
    kinds.map(([kind, column]) => {
      const shape = kind === "image" ? {} : { clone: kind.endsWith("clone"), striped };
      return [kind, maps, testSeed + row * 4 + column, shape] as const;
    }),
  );

  it.each(cases)(
    "diffs agree with one byte-accurate call and with rbd diff, between any two points (%s, object maps %s, seed %d)",
    async (_, maps, seed, shape) => {
      const random = new Random(seed);
      const state: MapState = maps === "mixed" ? "invalid" : maps;
      const name = `${maps}-${seed}`;
      const made = await makeRandomImage(
        cluster,
        plain.pool,
        name,
        random,
        state,
        2 + random.below(3),
        shape,
      );
      const { spec, snapshots } = made;
      if (maps === "mixed") await rebuildSome(spec, random);
      await scribbleOnHead(spec, random);

      const points: (string | undefined)[] = [...snapshots, undefined];
      for (const [index, to] of points.entries()) {
        await using image = await openImage(cluster, spec, { readOnly: true });
        const known = await image.listSnapshots();
        const idOf = (point: string | undefined) => known.find((each) => each.name === point)?.id;
        await image.setSnapshot(idOf(to) ?? null);
        const { size, objectSize } = await image.stat();
        const { count: stripeCount } = await image.stripe();
        note(made.description, known, size);
        for (const from of [undefined, ...snapshots.slice(0, index)]) {
          const what = `${made.description}: ${from ?? "nothing"} to ${to ?? "HEAD"}`;
          const fastDiff = await canUseFastDiff(image, idOf(to) ?? null, idOf(from));
          seen.add(`fast-diff ${fastDiff}`);
          for (const includeParent of from === undefined ? [false, true] : [false]) {
            const expected = normal(await plainDiff(image, from, includeParent));
            const found: Extent[] = [];
            const options = { from, size, objectSize, stripeCount, fastDiff, includeParent };
            for await (const batch of planDiff(image, options)) found.push(...batch);
            expect(
              found.every(({ offset }, at) => at === 0 || offset >= (found[at - 1]?.offset ?? 0)),
              `${what} ascends`,
            ).toBe(true);
            expect(normal(found), what).toEqual(expected);
            if (from !== undefined || includeParent) {
              const point = to === undefined ? spec : `${spec}@${to}`;
              expect(normal(await rbdDiff(point, from)), `${what}, by rbd`).toEqual(expected);
            }
            if (includeParent) continue;
            const { written, discarded } = await whatChanged(cluster, spec, {
              ...(from === undefined ? {} : { from }),
              ...(to === undefined ? {} : { to }),
            });
            expect({ written, discarded }, `${what}, by whatChanged`).toEqual(expected);
            if (discarded.length > 0) seen.add("discarded");
          }
        }
      }
    },
    180_000,
  );

  function note(description: string, snapshots: readonly { size: number }[], size: number): void {
    if (description.includes("clone")) seen.add("clone");
    if (description.includes("striped")) seen.add("striped");
    const sizes = [...snapshots.map((each) => each.size), size];
    if (sizes.some((each, at) => at > 0 && each < (sizes[at - 1] ?? 0))) seen.add("shrank");
    if (sizes.some((each, at) => at > 0 && each > (sizes[at - 1] ?? 0))) seen.add("grew");
  }

  it("the images had clones, shrinking, growing, discards, and maps of every kind", () => {
    const expected = [
      "clone",
      "shrank",
      "grew",
      "discarded",
      "fast-diff true",
      "fast-diff false",
      "some maps rebuilt",
    ];
    if (striped) expected.push("striped");
    expect(expected.filter((kind) => !seen.has(kind))).toEqual([]);
  });
}
