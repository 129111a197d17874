import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const build = fileURLToPath(new URL("../../scripts/build-native.mjs", import.meta.url));
let tools: string;
beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), "rbd-native-tools-"));
});
afterAll(() => rmSync(tools, { recursive: true, force: true }));

/** A program of that name that runs this shell script. */
function program(name: string, script: string): void {
  writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(tools, name), 0o755);
}

function buildWith(path: string) {
  const env = { PATH: path, RBD_NATIVE_BUILD_LOCKED: "1" };
  return spawnSync(process.execPath, [build], { env, encoding: "utf8" });
}

test("without its tools the build names the packages to install", () => {
  const { status, stderr } = buildWith(tools);
  expect(status).toBe(1);
  expect(stderr).toContain(
    "apt-get install librados-dev librbd-dev libradospp-dev libxxhash-dev g++ make python3\n",
  );
  expect(stderr).toContain(
    "dnf install librados-devel librbd-devel libradospp-devel xxhash-devel gcc-c++ make python3\n",
  );
});

test("without one header the build names only its package", () => {
  program(
    "g++",
    'for a; do [ "$a" = -E ] && { read -r line; case $line in *librbd.h*) exit 1;; esac; }; done; exit 0',
  );
  for (const name of ["make", "python3"]) program(name, "exit 0");
  const { status, stderr } = buildWith(`${tools}`);
  expect(status).toBe(1);
  expect(stderr).toContain("  librbd headers\n");
  expect(stderr).toContain("apt-get install librbd-dev\n");
  expect(stderr).toContain("dnf install librbd-devel\n");
});
