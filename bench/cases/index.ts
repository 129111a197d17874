import type { BenchCase } from "../harness/bench-case.ts";
import { chain60 } from "./chain-60.ts";
import { cloneManySnaps } from "./clone-many-snaps.ts";
import { cloneUnchanged } from "./clone-unchanged.ts";
import { diffSparse1t } from "./diff-sparse-1t.ts";
import { inventory1k } from "./inventory-1k.ts";
import { inventory10k } from "./inventory-10k.ts";
import { io4kRead, io4kWrite, io4mRead, io4mWrite } from "./io.ts";
import { open1k } from "./open-1k.ts";
import { transfer64k } from "./transfer-64k.ts";
import { transferDeep } from "./transfer-deep.ts";
import { transferDense } from "./transfer-dense.ts";
import { transferDenseLatency } from "./transfer-dense-latency.ts";
import { transferRandom4k } from "./transfer-random-4k.ts";
import { transferSparse1t } from "./transfer-sparse-1t.ts";

/** Every case, in the order they run. */
export const cases: readonly BenchCase[] = [
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
  transfer64k,
  transferRandom4k,
  transferSparse1t,
  transferDeep,
];
