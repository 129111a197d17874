import type { BenchCase } from "../harness/bench-case.ts";
import { chain60 } from "./chain-60.ts";
import { cloneUnchanged } from "./clone-unchanged.ts";
import { diffSparse1t } from "./diff-sparse-1t.ts";
import { inventory1k } from "./inventory-1k.ts";
import { inventory10k } from "./inventory-10k.ts";

/** Every case, in the order they run. */
export const cases: readonly BenchCase[] = [inventory1k, inventory10k, chain60, diffSparse1t, cloneUnchanged];
