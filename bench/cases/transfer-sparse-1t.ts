import type { BenchCase } from "../harness/bench-case.ts";
import {
  type Increment,
  noise,
  numbers,
  plantIncrement,
  prepareIncrement,
  writeMany,
} from "./transfer-increment.ts";

const size = 1024 ** 4;
const length = 64 * 1024;

const random = numbers(68);
const place = () => Math.floor((random() * size) / length) * length;
const increment: Increment = {
  pool: "bench-transfer-sparse-1t",
  size,
  change: (image) => writeMany(68, 8, (i) => image.write(place(), noise(length, i))),
  isHuge: true,
};

/** Brings 68 changes over in an image of 1 TiB. */
export const transferSparse1t: BenchCase = {
  name: "transfer-sparse-1t",
  work: "increment of 68 extents, 1 TiB",
  against: "rbd export-diff | rbd import-diff",
  unit: "ms",
  atLeast: 8,
  aim: 20,
  plant: (context) => plantIncrement(context, increment),
  prepare: (context) => prepareIncrement(context, increment),
};
