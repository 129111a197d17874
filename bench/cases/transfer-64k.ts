import type { BenchCase } from "../harness/bench-case.ts";
import {
  type Increment,
  noise,
  numbers,
  plantIncrement,
  prepareIncrement,
  writeMany,
} from "./transfer-increment.ts";

const length = 64 * 1024;
const size = 10 * 1024 ** 3;

const random = numbers(64);
const places = Array.from({ length: 2000 }, () => Math.floor((random() * size) / length) * length);
const increment: Increment = {
  pool: "bench-transfer-64k",
  size,
  before: (image) =>
    writeMany(200, 16, (i) =>
      image.write((places[i] ?? 0) - ((places[i] ?? 0) % (1 << 20)), noise(1 << 20, i)),
    ),
  change: (image) => writeMany(places.length, 16, (i) => image.write(places[i] ?? 0, noise(length, i))),
};

/** Brings 2,000 scattered changes of 64 KiB over, in objects that were there before. */
export const transfer64k: BenchCase = {
  name: "transfer-64k",
  work: "increment of 2,000 × 64 KiB",
  against: "rbd export-diff | rbd import-diff",
  unit: "ms",
  atLeast: 2.5,
  aim: 4,
  plant: (context) => plantIncrement(context, increment),
  prepare: (context) => prepareIncrement(context, increment),
};
