// Runs when the package is installed: takes the prebuilt binding that came with it if it loads here, else compiles one.
// A checkout of the sources is compiled by its build script instead.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { prebuiltPath } from "./prebuilt.mjs";

const isCheckout = existsSync(new URL("../src", import.meta.url));

/** In a process of its own: another libc, an older Ceph or a missing one ends that process at most. */
function prebuiltLoads() {
  const path = fileURLToPath(prebuiltPath);
  if (!existsSync(path)) return false;
  const { status } = spawnSync(process.execPath, ["-e", "require(process.argv[1])", path], {
    stdio: "ignore",
  });
  return status === 0;
}

if (!isCheckout && !prebuiltLoads()) await import("./build-native.mjs");
