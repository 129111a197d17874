import { basename, join } from "node:path";
import { inject } from "vitest";

/** The path of a program that tests start in order to kill it, as one file: see `bundle-children.ts`. */
export function childProgram(source: string): string {
  return join(inject("childPrograms"), `${basename(source, ".ts")}.js`);
}
