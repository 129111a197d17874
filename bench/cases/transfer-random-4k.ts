import type { BenchCase } from "../harness/bench-case.ts";
import {
  type Increment,
  noise,
  numbers,
  plantIncrement,
  prepareIncrement,
  writeMany,
} from "./transfer-increment.ts";

const length = 4096;
const writes = 25_600;
const size = 40 * 1024 ** 3;

const random = numbers(4);
const data = noise(length, 4);
const increment: Increment = {
  pool: "bench-transfer-random-4k",
  size,
  change: (image) =>
    writeMany(writes, 64, () => image.write(Math.floor((random() * size) / length) * length, data)),
  written: writes * length,
};

/** Brings 25,600 random writes of 4 KiB over, into objects that were not there before. */
export const transferRandom4k: BenchCase = {
  name: "transfer-random-4k",
  work: "increment of 25,600 random 4 KiB writes on fresh objects, 40 GiB image",
  against: "rbd export-diff | rbd import-diff",
  unit: "ms",
  atLeast: 4,
  aim: 10,
  plant: (context) => plantIncrement(context, increment),
  prepare: (context) => prepareIncrement(context, increment),
};
