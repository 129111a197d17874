import type { BenchCase } from "../harness/bench-case.ts";
import { chain60 } from "./chain-60.ts";
import { cloneManySnaps, cloneUnchanged } from "./clone.ts";
import { diffSparse1t } from "./diff-sparse-1t.ts";
import { inventory1k, inventory10k } from "./inventory.ts";
import { io4kRead, io4kWrite, io4mRead, io4mWrite, ioMatrix } from "./io.ts";
import { mirrorSync } from "./mirror-sync.ts";
import { open1k } from "./open-1k.ts";
import { transferDeep } from "./transfer-deep.ts";
import { transferDense, transferDenseLatency, transferVerified } from "./transfer-dense.ts";
import { transfer64k, transferRandom4k, transferSparse1t } from "./transfer-increment.ts";

/** What runs when nothing is said, in this order. */
const usual: readonly BenchCase[] = [
  io4mRead,
  io4mWrite,
  io4kRead,
  io4kWrite,
  open1k,
  inventory1k,
  inventory10k,
  chain60,
  diffSparse1t,
  cloneUnchanged,
  cloneManySnaps,
  transferDense,
  transferDenseLatency,
  transferVerified,
  transfer64k,
  transferRandom4k,
  transferSparse1t,
  transferDeep,
  mirrorSync,
];

/** Cases that run by name only, many by one name. */
const byName: Readonly<Record<string, readonly BenchCase[]>> = { "io-matrix": ioMatrix };

export const cases: readonly BenchCase[] = [...usual, ...Object.values(byName).flat()];

/**
 * The cases of these names; the usual ones without names.
 *
 * @throws Error when there is no such case
 */
export function choose(names: readonly string[] | undefined): readonly BenchCase[] {
  return (names ?? usual.map(({ name }) => name)).flatMap((name) => {
    const found = byName[name] ?? cases.filter((bench) => bench.name === name);
    if (found.length > 0) return found;
    const known = [...Object.keys(byName), ...usual.map((bench) => bench.name)];
    throw new Error(`No case "${name}". There are: ${known.join(", ")}`);
  });
}
