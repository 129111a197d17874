// Runs the binding's integration tests with AddressSanitizer: `node scripts/check-memory.mjs [vitest arguments]`.
// Meant for a nightly run: it takes several times as long as the tests themselves.
import { execFileSync, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
execFileSync(process.execPath, [join(root, "scripts/build-sanitized.mjs")], { stdio: "inherit" });

const compiler = process.env.CXX ?? "g++";
const runtime = execFileSync(compiler, ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
const { status } = spawnSync(
  "vitest",
  ["run", "--project", "integration", "packages/rbd-native", ...process.argv.slice(2)],
  {
    cwd: join(root, "../.."),
    stdio: "inherit",
    env: {
      ...process.env,
      RBD_NATIVE_ADDON: join(root, "build/asan/rbd_native.node"),
      LD_PRELOAD: runtime,
      // Node.js and Ceph leave memory to the end of the process; what is looked for is use after free and overruns.
      ASAN_OPTIONS: "detect_leaks=0:alloc_dealloc_mismatch=0:abort_on_error=1",
    },
  },
);
process.exit(status ?? 1);
