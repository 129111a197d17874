// `npm test`: everything, from a bare machine. `npm test -- unit` runs one of the stages by name.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { prepare } from "./prepare/index.mjs";
import { fail, step, UserError } from "./prepare/output.mjs";
import { runBuffered, runInForeground } from "./prepare/run.mjs";
import { root, toolEnv } from "./prepare/toolchain.mjs";

const reports = join(root, "test-results");
const firstSeed = process.env.COPPICE_FIRST_SEED ?? seedOfCommit();
const vitestReport = (project) => [
  "run",
  "--project",
  project,
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${join(reports, `${project}.json`)}`,
];

/**
 * The checks of the sources run side by side, before the tests; the output of each is printed when it ends. The tests run
 * one stage after another, because other work would disturb what they measure or time out.
 */
const stages = [
  { name: "lint", title: "Format and lint", command: ["biome", "ci", "."], isCheck: true },
  { name: "unused", title: "Unused files, exports and dependencies", command: ["knip"], isCheck: true },
  { name: "versions", title: "One version of each dependency", command: ["sherif"], isCheck: true },
  {
    name: "types",
    title: "Types",
    command: ["turbo", "run", "typecheck", "--output-logs=errors-only"],
    isCheck: true,
  },
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
  await prepare(["build", "cluster", "browser", "witnesses"]);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  console.log(`Random tests begin at seed ${firstSeed}: COPPICE_FIRST_SEED=${firstSeed} repeats them.`);
  const results = await Promise.all(
    chosen.filter(({ isCheck }) => isCheck).map(async (stage) => ({ stage, ok: await runStage(stage) })),
  );
  for (const stage of chosen.filter(({ isCheck }) => !isCheck)) {
    results.push({ stage, ok: await runStage(stage) });
  }
  const failed = results.filter(({ ok }) => !ok).map(({ stage }) => stage.title);
  let passedTests = 0;
  let failedTests = 0;
  for (const { stage, ok } of results) {
    const count = stage.count?.(stage.name) ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
    passedTests += count.passed;
    failedTests += count.failed;
  }
  printSlowestFiles(chosen);
  console.log(failed.length === 0 ? "\nEverything passes." : `\nFailed: ${failed.join(", ")}.`);
  console.log(`${passedTests} passed, ${failedTests} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} catch (error) {
  fail(error);
}

function choose(names) {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    throw new UserError(
      `No stage is called ${unknown.join(", ")}.`,
      `There are: ${stages.map(({ name }) => name).join(", ")}.`,
    );
  }
  return names.length === 0 ? stages : stages.filter((stage) => names.includes(stage.name));
}

async function runStage({ title, command: [command, ...args], isCheck }) {
  const options = {
    cwd: root,
    env: { ...toolEnv(), COPPICE_TEST_RESULTS: reports, COPPICE_FIRST_SEED: String(firstSeed) },
  };
  const work = async () => {
    const code = isCheck
      ? await runCheck(command, args, options)
      : await runInForeground(command, args, options);
    if (code !== 0) throw new UserError(`exit code ${code}`);
    return true;
  };
  return step(title, work, { printsItself: true }).catch((error) => {
    if (error instanceof UserError) return false;
    throw error;
  });
}

/** Every commit has seeds of its own, so that a red run of it stays red, and the commits together try many. */
function seedOfCommit() {
  const { status, stdout } = spawnSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" });
  return status === 0 ? Number.parseInt(stdout.slice(0, 4), 16) : 0;
}

async function runCheck(command, args, options) {
  const { code, output } = await runBuffered(command, args, options);
  if (output.trim() !== "") console.log(output.trim());
  return code;
}

/** The ten test files that took longest, of the stages that report times: where splitting a file pays. */
function printSlowestFiles(chosen) {
  const files = chosen
    .filter(({ command }) => command[0] === "vitest")
    .flatMap(({ name }) => readReport(name)?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({
      name: relative(root, name),
      seconds: (endTime - startTime) / 1000,
    }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, 10);
  if (files.length === 0) return;
  console.log("\nThe slowest test files:");
  for (const { name, seconds } of files) console.log(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
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
    return JSON.parse(readFileSync(join(reports, `${name}.json`), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
