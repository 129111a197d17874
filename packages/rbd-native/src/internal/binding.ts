import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Binding } from "./native-types.ts";

const packageName = "rbd-native";

/**
 * The compiled part of the package. Loaded once per environment; the error of a failed load says how to repair the
 * installation.
 */
export const native: Binding = load();

// process.exit() would end threads of librados while they work: stop them first.
process.on("exit", () => native.shutDown());

function load(): Binding {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const path of candidates()) {
    try {
      return require(path) as Binding;
    } catch (error) {
      failures.push(`  ${path}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new Error(
    `${packageName} could not load its compiled part.\n${failures.join("\n")}\n${advice(failures)}`,
  );
}

/** The addon that was compiled on this machine, then the prebuilt ones for its architecture, of which only the one for the installed librados loads. */
function candidates(): string[] {
  // For a build with a sanitizer.
  const chosen = process.env.RBD_NATIVE_ADDON;
  if (chosen) return [chosen];
  return ["../../build/Release/rbd_native.node", ...prebuilt()];
}

/** `prebuilds/<platform>-<architecture>-librbd<major>.<minor>/rbd_native.node`. */
function prebuilt(): string[] {
  const folder = fileURLToPath(new URL("../../prebuilds", import.meta.url));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${process.platform}-${process.arch}-`))
    .map((name) => join(folder, name, "rbd_native.node"));
}

function advice(failures: readonly string[]): string {
  if (process.platform !== "linux") return "It runs on Linux only, where librbd and librados are.";
  if (failures.some((text) => /librbd\.so|librados\.so/.test(text))) {
    return "Ceph's client libraries are missing: apt-get install librbd1 librados2 (Debian, Ubuntu) or dnf install librbd1 librados2 (Fedora, RHEL).";
  }
  if (failures.some((text) => text.includes("undefined symbol"))) {
    return `It was compiled for another release of Ceph than the one that is installed: npm rebuild ${packageName}`;
  }
  return [
    "Install what it is compiled with and build it:",
    "  Debian, Ubuntu:  apt-get install g++ make python3 librados-dev librbd-dev libradospp-dev libxxhash-dev",
    "  Fedora, RHEL:    dnf install gcc-c++ make python3 librados-devel librbd-devel libradospp-devel xxhash-devel",
    `  then:            npm rebuild ${packageName}  (in the sources: pnpm --filter ${packageName} build)`,
  ].join("\n");
}
