// `npm run soak [-- --factor N --first SEED --fuzz SECONDS]`: random histories with many more seeds than `npm test` takes,
// killed processes whose leases end by themselves, and damaged streams. Says what it ran.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "./prepare/index.mjs";
import { fail, step, UserError } from "./prepare/output.mjs";
import { runInForeground } from "./prepare/run.mjs";
import { projectNode, root, toolEnv } from "./prepare/toolchain.mjs";

const core = join(root, "packages/rbd-core");
const homes = [core, join(root, "packages/rbd-native"), join(root, "apps/server")];
const integrations = homes.map((home) => join(home, "test/integration"));

try {
  const { factor, first, fuzz } = options();
  await prepare(["build", "cluster", "witnesses"]);
  const files = soakFiles();
  const ran = [];
  const run = async (title, command, args, env = {}) => {
    const started = Date.now();
    const code = await step(
      title,
      () => runInForeground(command, args, { cwd: root, env: { ...toolEnv(), ...env } }),
      { speaks: true },
    );
    const outcome = code === 0 ? "passed" : `failed (exit code ${code})`;
    ran.push(`${title}: ${outcome} after ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
    return code === 0;
  };
  const outcomes = [
    await run(
      `${files.length} test files, ${factor} times the seeds of continuous integration, shifted by ${first}`,
      "vitest",
      ["run", "--project", "integration", "--testTimeout", String(600_000 * factor), ...files],
      { COPPICE_SOAK: `${factor}:${first}` },
    ),
    await run(`Damaged streams for ${fuzz} seconds`, projectNode(), [
      join(core, "scripts/fuzz-formats.ts"),
      String(fuzz),
      String(first),
    ]),
  ];
  console.log(`\nThis run was: npm run soak -- --factor ${factor} --first ${first} --fuzz ${fuzz}`);
  for (const line of ran) console.log(`  ${line}`);
  console.log(`Test files:\n${files.map((file) => `  ${file}`).join("\n")}`);
  process.exitCode = outcomes.every(Boolean) ? 0 : 1;
} catch (error) {
  fail(error);
}

function options() {
  const { values } = parseArgs({
    options: {
      factor: { type: "string", default: "5" },
      first: { type: "string", default: String(Math.floor(Date.now() / 1000) % 1_000_000_000) },
      fuzz: { type: "string", default: "300" },
    },
  });
  const number = (name, least) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new UserError(`--${name} ${values[name]} is not a whole number from ${least} on.`);
  };
  return { factor: number("factor", 1), first: number("first", 0), fuzz: number("fuzz", 1) };
}

/** The integration tests that take seeds or kill processes: those that use test/support/soak.ts, directly or not. */
function soakFiles() {
  return integrations.flatMap(soakFilesIn);
}

function soakFilesIn(integration) {
  const sources = readdirSync(integration, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(join(integration, name), "utf8") }));
  const users = new Set(["soak", "die-in-transfer"]);
  for (let size = 0; size !== users.size; ) {
    size = users.size;
    for (const { name, text } of sources) {
      const imported = [...text.matchAll(/from "[^"]*\/([^"/]+)\.ts"/g)].map((match) => match[1]);
      if (imported.some((module) => users.has(module)))
        users.add(name.replace(/^.*\//, "").replace(/\.ts$/, ""));
    }
  }
  return sources
    .filter(({ name }) => name.endsWith(".test.ts"))
    .filter(({ name }) => users.has(name.replace(/^.*\//, "").replace(/\.ts$/, "")))
    .map(({ name }) => relative(root, join(integration, name)))
    .toSorted();
}
