import { createRequire } from "node:module";
import type { Binding } from "./binding-types.ts";

const packageName = "rbd-native";

/**
 * The compiled half of the package. Loaded once per environment; the error of a failed load says how to mend
 * the install.
 */
export const native: Binding = load();

// process.exit() ends threads of librados in the middle of their work unless they are stopped before.
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

/** What this machine compiled comes first, then a prebuilt one for its architecture. */
function candidates(): string[] {
  // For a build with a sanitizer.
  const chosen = process.env.RBD_NATIVE_ADDON;
  if (chosen) return [chosen];
  return [
    "../../build/Release/rbd_native.node",
    `../../prebuilds/${process.platform}-${process.arch}/rbd_native.node`,
  ];
}

function advice(failures: readonly string[]): string {
  if (process.platform !== "linux") return "It runs on Linux only, where librbd and librados are.";
  if (failures.some((text) => /librbd\.so|librados\.so/.test(text))) {
    return "Ceph's client libraries are missing: apt-get install librbd1 librados2 (Debian, Ubuntu) or dnf install librbd1 librados2 (Fedora, RHEL).";
  }
  return [
    "Install what it is compiled with and build it:",
    "  Debian, Ubuntu:  apt-get install g++ make python3 librados-dev librbd-dev libradospp-dev libxxhash-dev",
    "  Fedora, RHEL:    dnf install gcc-c++ make python3 librados-devel librbd-devel libradospp-devel xxhash-devel",
    `  then:            npm rebuild ${packageName}  (in the sources: pnpm --filter ${packageName} build)`,
  ].join("\n");
}
