import { existsSync } from "node:fs";
import { join } from "node:path";

const CHROMIUM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The Chromium of the distribution, or the one that COPPICE_CHROMIUM names. The tests never download a browser. */
export function chromiumPath(): string {
  const path = process.env.COPPICE_CHROMIUM ?? CHROMIUM_PATHS.find((candidate) => existsSync(candidate));
  if (!path)
    throw new Error(`There is no Chromium in ${CHROMIUM_PATHS.join(", ")}: apt-get install chromium`);
  return path;
}

/** A variable that the global set-up set for the tests. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: the global set-up did not run`);
  return value;
}

/** The file with the cookies of the signed-in browser. */
export const sessionFile = () => join(environment("E2E_DATA"), "browser-session.json");
