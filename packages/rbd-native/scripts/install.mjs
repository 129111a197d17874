// Runs when the package is installed: compiles the binding unless a prebuilt one that came with it loads here. A checkout
// of the sources is compiled by its build script instead.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const isCheckout = existsSync(new URL("../tsconfig.build.json", import.meta.url));

/** In a process of its own: what another libc or another Ceph makes of it ends that one at most. */
function loads() {
  const binding = new URL("../dist/internal/binding.js", import.meta.url);
  const args = ["--input-type=module", "-e", `await import(${JSON.stringify(binding.href)})`];
  return spawnSync(process.execPath, args, { stdio: "ignore" }).status === 0;
}

if (!isCheckout && !loads()) await import("./build-native.mjs");
