import { execFileSync } from "node:child_process";
import { features, radosVersion, version } from "rbd-native";
import { expect, test } from "vitest";

test("the loaded library reports its version and features", () => {
  expect(version().major).toBe(1);
  expect(version().minor).toBeGreaterThanOrEqual(16);
  expect(radosVersion().major).toBeGreaterThanOrEqual(3);
  expect(Object.values(features()).every((value) => typeof value === "boolean")).toBe(true);
});

test("loading the package does not keep a process alive", () => {
  const script = 'await import("rbd-native"); console.log("loaded");';
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
    encoding: "utf8",
    timeout: 10_000,
  });
  expect(output).toBe("loaded\n");
});
