import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { chromiumPath, sessionFile } from "./support/environment.ts";

const results = process.env.COPPICE_TEST_RESULTS ?? join(import.meta.dirname, "../test-results");

export default defineConfig({
  testDir: "tests",
  globalSetup: "./support/global-setup.ts",
  outputDir: join(results, "playwright"),
  reporter: [["list"], ["json", { outputFile: join(results, "browser.json") }]],
  // One product and two cores: one browser at a time. A failure is a failure: nothing is tried again.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  projects: [
    { name: "sign-in", testMatch: "*.setup.ts" },
    {
      name: "signed-in",
      testMatch: "*.spec.ts",
      dependencies: ["sign-in"],
      // The configuration is read before the global set-up too, when there is no session yet.
      use: process.env.E2E_DATA ? { storageState: sessionFile() } : {},
    },
  ],
  use: {
    baseURL: process.env.E2E_ORIGIN,
    // Without its film: the screenshots of every frame cost more than the pages themselves on two cores.
    trace: { mode: "retain-on-failure", screenshots: false },
    screenshot: "only-on-failure",
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: chromiumPath(),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
