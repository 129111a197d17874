import { randomBytes } from "node:crypto";
import type { NameSource } from "./snapshot-name.ts";

/** The clock, and 32 random bits. */
export const defaultNames: NameSource = {
  now: () => new Date(),
  randomHex: () => randomBytes(4).toString("hex"),
};
