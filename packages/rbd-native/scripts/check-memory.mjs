// Runs the binding's tests with AddressSanitizer: `node scripts/check-memory.mjs [vitest arguments]`. For a nightly run
// or by hand: building takes minutes, and the tests several times as long as usual.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTemporaryCluster } from "@coppice/dev-cluster";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
execFileSync(process.execPath, [join(root, "scripts/build-sanitized.mjs")], { stdio: "inherit" });

const compiler = process.env.CXX ?? "g++";
// The C++ library too: newer sanitizers look for it when they are loaded, before the binding brings it along.
const preload = ["libasan.so", "libstdc++.so.6"].map((name) =>
  execFileSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" }).trim(),
);
const reports = mkdtempSync(join(tmpdir(), "rbd-native-memory-"));
// Its daemons run without the sanitizer.
const cluster = await startTemporaryCluster({ prefix: "coppice-memory" });
let failed = false;
try {
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, "../../node_modules/vitest/vitest.mjs"),
      "run",
      ...["--project", "integration", "--testTimeout", "300000", "--hookTimeout", "120000"],
      // What measures memory or time measures the sanitizer.
      ...[
        "--testNamePattern",
        "^(?!.*(many thousand operations|memory does not grow|twenty times a second))",
      ],
      ...(process.argv.length > 2 ? process.argv.slice(2) : ["packages/rbd-native"]),
    ],
    {
      cwd: join(root, "../.."),
      stdio: "inherit",
      env: {
        ...process.env,
        COPPICE_TEST_CEPH_CONF: cluster.conf,
        RBD_NATIVE_ADDON: join(root, "build/asan/rbd_native.node"),
        LD_PRELOAD: preload.join(":"),
        // Reports of every process, also of the children that tests start, and not in the output that tests compare.
        // Leaks are not looked for: what only V8's heap refers to would be taken for one.
        ASAN_OPTIONS: `detect_leaks=0:alloc_dealloc_mismatch=0:abort_on_error=1:log_path=${join(reports, "report")}`,
      },
    },
  );
  failed = status !== 0;
} finally {
  await cluster.stop();
}
for (const name of readdirSync(reports)) {
  failed = true;
  console.error(readFileSync(join(reports, name), "utf8"));
}
rmSync(reports, { recursive: true });
console.log(failed ? "Not clean." : "Clean.");
process.exitCode = failed ? 1 : 0;
