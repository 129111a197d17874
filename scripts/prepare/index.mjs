import { statfsSync } from "node:fs";
import { freemem } from "node:os";
import { build, installDependencies } from "./dependencies.mjs";
import { UserError } from "./output.mjs";
import { installSystemPackages, systemName } from "./system-packages.mjs";
import { installPnpm, root } from "./toolchain.mjs";

const mebibyte = 1024 ** 2;
const leastMemory = 1500 * mebibyte;
const leastDisk = 3000 * mebibyte;

/**
 * Makes this machine ready: system packages, pnpm, dependencies, build. What is already there is left as it is.
 * @param {(keyof typeof import("./system-packages.mjs").packagesFor)[]} parts
 */
export async function prepare(parts) {
  if (process.platform !== "linux") {
    throw new UserError(`Coppice runs on Linux: librbd does not exist on ${systemName()}.`);
  }
  const disk = statfsSync(root);
  requireFree("memory", freemem(), leastMemory);
  requireFree(`disk space in ${root}`, disk.bavail * disk.bsize, leastDisk);
  await installSystemPackages(parts);
  await installPnpm();
  await installDependencies();
  await build();
}

function requireFree(what, free, least) {
  if (free >= least) return;
  const inMebibytes = (bytes) => `${Math.round(bytes / mebibyte)} MiB`;
  throw new UserError(
    `Too little ${what}: ${inMebibytes(free)} free, at least ${inMebibytes(least)} needed.`,
  );
}
