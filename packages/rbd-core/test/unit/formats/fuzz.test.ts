import { expect, it } from "vitest";
import { fuzzFormats } from "./fuzz.ts";

it("no damaged stream does more than throw a FormatError", async () => {
  const { runs, accepted, codes } = await fuzzFormats(1, 4000);
  expect(accepted).toBeLessThan(runs);
  // The changes must reach deep enough to be worth the time.
  expect(codes.size).toBeGreaterThan(10);
}, 60_000);
