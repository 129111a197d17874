import { statfsSync } from "node:fs";
import { freemem } from "node:os";
import { build, installDependencies } from "./dependencies.mjs";
import { root } from "./places.mjs";
import { Refusal } from "./say.mjs";
import { installSystemPackages, systemName } from "./system-packages.mjs";
import { installPnpm } from "./toolchain.mjs";

const mebibyte = 1024 ** 2;
const leastMemory = 1500 * mebibyte;
const leastDisk = 3000 * mebibyte;

/**
 * Makes this machine ready: system packages, pnpm, dependencies, build. What is there already is left alone.
 * @param {(keyof typeof import("./system-packages.mjs").packagesFor)[]} parts
 */
export async function prepare(parts) {
  if (process.platform !== "linux") {
    throw new Refusal(`Coppice runs on Linux: librbd is not to be had on ${systemName()}.`);
  }
  const disk = statfsSync(root);
  refuseLittle("memory", freemem(), leastMemory);
  refuseLittle(`disk space in ${root}`, disk.bavail * disk.bsize, leastDisk);
  await installSystemPackages(parts);
  await installPnpm();
  await installDependencies();
  await build();
}

function refuseLittle(what, free, least) {
  if (free >= least) return;
  const inMebibytes = (bytes) => `${Math.round(bytes / mebibyte)} MiB`;
  throw new Refusal(`Too little ${what}: ${inMebibytes(free)} free, at least ${inMebibytes(least)} needed.`);
}
