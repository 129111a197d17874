import type { BenchCase } from "../harness/bench-case.ts";
import { cloneUnchanged } from "./clone-unchanged.ts";

/** Every case, in the order they run. */
export const cases: readonly BenchCase[] = [cloneUnchanged];
