import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { SlowestFirst } from "./test/slowest-first.ts";

/**
 * unit: fast, no cluster, all files side by side; the files of a worker share its modules, so a test must not leave state
 * behind.
 * integration: against one private cluster, started only when such a test is selected.
 * dev-cluster: tests that start, kill and stop clusters of their own.
 * The groups run one after the other, so that what measures or times out is not disturbed.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    // Tests start hundreds of short processes: each of them would spend half a second on compiling the same modules.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url)) },
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "packages/*/test/unit/**/*.test.ts",
            "apps/*/test/unit/**/*.test.{ts,tsx}",
            "scripts/test/unit/**/*.test.ts",
          ],
          isolate: false,
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/*/test/integration/**/*.test.ts", "apps/*/test/integration/**/*.test.ts"],
          exclude: ["packages/dev-cluster/**", "**/node_modules/**"],
          globalSetup: ["test/cluster-setup.ts", "packages/rbd-core/test/support/bundle-children.ts"],
          // A native binding lives in them: processes end cleanly where worker threads might not.
          pool: "forks",
          maxWorkers: 2,
          // Far more than they take: a machine may be slow, and only what hangs is to fail.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "dev-cluster",
          include: ["packages/dev-cluster/test/integration/**/*.test.ts"],
          // Most of the time they wait for daemons, which start and stop.
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
