// `npm test`: everything, from a bare machine. `npm test -- unit` runs one of the stages by name.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "./prepare/index.mjs";
import { root } from "./prepare/places.mjs";
import { runInForeground } from "./prepare/run.mjs";
import { fail, Refusal, step } from "./prepare/say.mjs";
import { toolEnv } from "./prepare/toolchain.mjs";

const results = join(root, "test-results");
const vitestReport = (project) => [
  "run",
  "--project",
  project,
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${join(results, `${project}.json`)}`,
];

/** In the order they run: what is quick to fail comes first. */
const stages = [
  { name: "lint", title: "Format and lint", command: ["biome", "ci", "."] },
  { name: "unused", title: "Unused files, exports and dependencies", command: ["knip"] },
  { name: "versions", title: "One version of each dependency", command: ["sherif"] },
  { name: "types", title: "Types", command: ["turbo", "run", "typecheck", "--output-logs=errors-only"] },
  { name: "unit", title: "Unit tests", command: ["vitest", ...vitestReport("unit")], count: vitestCount },
  {
    name: "integration",
    title: "Integration tests on a private cluster",
    command: ["vitest", ...vitestReport("integration")],
    count: vitestCount,
  },
  {
    name: "dev-cluster",
    title: "Tests that start, kill and stop clusters of their own",
    command: ["vitest", ...vitestReport("dev-cluster")],
    count: vitestCount,
  },
  {
    name: "browser",
    title: "Browser tests of the whole product",
    command: ["pnpm", "--filter", "@coppice/e2e", "exec", "playwright", "test"],
    count: playwrightCount,
  },
];

try {
  const chosen = choose(process.argv.slice(2));
  await prepare(["build", "cluster", "browser"]);
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const failed = [];
  let passedTests = 0;
  let failedTests = 0;
  for (const stage of chosen) {
    const ok = await runStage(stage);
    const count = stage.count?.(stage.name) ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
    passedTests += count.passed;
    failedTests += count.failed;
    if (!ok) failed.push(stage.title);
  }
  console.log(failed.length === 0 ? "\nEverything passes." : `\nFailed: ${failed.join(", ")}.`);
  console.log(`${passedTests} passed, ${failedTests} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} catch (error) {
  fail(error);
}

function choose(names) {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    throw new Refusal(
      `No stage is called ${unknown.join(", ")}.`,
      `There are: ${stages.map(({ name }) => name).join(", ")}.`,
    );
  }
  return names.length === 0 ? stages : stages.filter((stage) => names.includes(stage.name));
}

async function runStage({ title, command: [command, ...args] }) {
  const env = { ...toolEnv(), COPPICE_TEST_RESULTS: results };
  const work = async () => {
    const code = await runInForeground(command, args, { cwd: root, env });
    if (code !== 0) throw new Refusal(`exit code ${code}`);
    return true;
  };
  return step(title, work, { speaks: true }).catch((error) => {
    if (error instanceof Refusal) return false;
    throw error;
  });
}

function vitestCount(name) {
  const report = readReport(name);
  return report && { passed: report.numPassedTests, failed: report.numFailedTests };
}

function playwrightCount(name) {
  const report = readReport(name);
  return report && { passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky };
}

/** Nothing when the stage ended before it could write its report. */
function readReport(name) {
  try {
    return JSON.parse(readFileSync(join(results, `${name}.json`), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
