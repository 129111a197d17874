import { execFileSync } from "node:child_process";
import { features, radosVersion, version } from "rbd-native";
import { expect, test } from "vitest";

test("the loaded library tells its version and what it can do", () => {
  expect(version().major).toBe(1);
  expect(version().minor).toBeGreaterThanOrEqual(16);
  expect(radosVersion().major).toBeGreaterThanOrEqual(3);
  expect(Object.values(features()).every((value) => typeof value === "boolean")).toBe(true);
});

test("loading it leaves a process free to end", () => {
  const script = 'await import("rbd-native"); console.log("loaded");';
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
    encoding: "utf8",
    timeout: 10_000,
  });
  expect(output).toBe("loaded\n");
});
