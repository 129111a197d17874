import { describe } from "vitest";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { testRandomCopies } from "./random-copies.ts";

const pool = await usePlainRbd("copy-4");

describe("copyDiff", () => {
  testRandomCopies(pool, 4);
});
