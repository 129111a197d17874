import { join } from "node:path";

/** What the global set-up left for the tests. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: the global set-up did not run`);
  return value;
}

/** Where the signed-in browser's cookies are kept for the tests that need them. */
export const sessionFile = () => join(environment("E2E_DATA"), "browser-session.json");
