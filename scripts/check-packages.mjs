// Packs the packages that others install, looks them over with publint, installs them into projects outside of the
// workspace and uses them there: compiled on this machine by npm, prebuilt by npm and by pnpm. Takes as long as a native
// build.
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { startTemporaryCluster } from "@coppice/dev-cluster";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { fail, step, UserError } from "./prepare/output.mjs";
import { run } from "./prepare/run.mjs";
import { root, toolEnv } from "./prepare/toolchain.mjs";

const names = ["rbd-native", "rbd-core"];
const prebuilds = join(root, "packages/rbd-native/prebuilds");
const env = toolEnv();
const folder = mkdtempSync(join(tmpdir(), "coppice-packages-"));

/** A program of somebody with `exactOptionalPropertyTypes`, who depends on rbd-core alone. */
const strictUser = `
import { type ExecuteDeletionOptions, type Image, type IoCtx, importTemplate, openImage, RbdError } from "rbd-core";
import { type Cluster, type CompressOptions, jsonReplacer, TransferLimits, whatChanged } from "rbd-core";

export async function use(cluster: Cluster, signal: AbortSignal | undefined): Promise<string> {
  const image: Image = await openImage(cluster, "rbd/vm-1", { signal });
  const pool: IoCtx = await cluster.pool("rbd");
  const level: CompressOptions = { level: undefined };
  const options: ExecuteDeletionOptions = { way: "remove", signal, onStep: undefined, findDependants: undefined };
  await whatChanged(cluster, "rbd/vm-1", { from: undefined, buckets: undefined, signal });
  await importTemplate(cluster, { source: { file: "a.raw" }, target: "rbd/a", expected: { sha512: "" } });
  return JSON.stringify([image.id, pool.poolName, level, options, RbdError.name, new TransferLimits()], jsonReplacer);
}
`;

const bundled = `
import { connect, importTemplate } from "rbd-core";
await using cluster = await connect({ conf: process.argv[2] });
const source = (async function* () { yield Buffer.alloc(1048576, 1); })();
const { digests } = await importTemplate(cluster, { source, target: "rbd/from-a-bundle" });
console.log(digests.sha512.length);
`;

try {
  if (existsSync(prebuilds))
    throw new UserError(`${prebuilds} is there already.`, "Remove it, then try again.");
  const packed = await step("Packing", () => pack("compiled"));
  for (const name of names) await step(`publint ${name}`, () => lint(name));
  for (const file of packed) await step(`Source maps of ${basename(file)}`, () => checkMaps(file));
  await step("Installing and compiling in an empty project", (detail) => install("compiled", packed, detail));
  await step("Installing a prebuilt binding in an empty project", async (detail) => {
    await run("node", ["scripts/keep-prebuilt.mjs"], { cwd: join(root, "packages/rbd-native"), env });
    try {
      const prebuilt = await pack("prebuilt");
      await install("prebuilt", prebuilt, detail);
      await installWithPnpm(prebuilt, detail);
    } finally {
      rmSync(prebuilds, { recursive: true });
    }
  });
  const project = join(folder, "prebuilt");
  // pnpm shows a project only what it depends on itself.
  await step("Types, for a strict user who has only rbd-core", () => checkTypes(join(folder, "pnpm")));
  await step("A bundle made by esbuild imports a template", (detail) => checkBundle(project, detail));
} catch (error) {
  fail(error);
} finally {
  rmSync(folder, { recursive: true });
}

/** pnpm puts versions in the place of `catalog:` and `workspace:`, which npm would not. */
async function pack(kind) {
  const files = [];
  for (const name of names) {
    const file = join(folder, `${kind}-${name}.tgz`);
    await run("pnpm", ["--filter", name, "pack", "--out", file], { cwd: root, env });
    console.log(`  ${name}: ${Math.round(statSync(file).size / 1024)} KiB`);
    files.push(file);
  }
  return files;
}

async function lint(name) {
  const { messages } = await publint({ pkgDir: join(root, "packages", name), pack: "npm", strict: true });
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  if (messages.length > 0) {
    throw new UserError(messages.map((message) => formatMessage(message, manifest)).join("\n"));
  }
}

async function install(kind, packed, detail) {
  const project = join(folder, kind);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
  await run("npm", ["install", "--no-audit", "--no-fund", "--foreground-scripts", ...packed], {
    cwd: project,
    env,
    detail,
  });
  const compiled = existsSync(join(project, "node_modules/rbd-native/build/Release/rbd_native.node"));
  if (compiled !== (kind === "compiled"))
    throw new UserError(`The ${kind} package was not installed as such.`);
  const program = `
    import { version } from "rbd-native";
    import { cloneImage } from "rbd-core";
    console.log(typeof cloneImage, version().major);
  `;
  const output = execFileSync("node", ["--input-type=module", "-e", program], { cwd: project, env });
  if (String(output) !== "function 1\n") throw new UserError(`It loaded as ${output}`);
}

/** Every map that a file names is packed, and so is every source that a map names. */
function checkMaps(packed) {
  const contents = join(folder, `${basename(packed)}-contents`);
  mkdirSync(contents);
  execFileSync("tar", ["-xzf", packed, "-C", contents]);
  const missing = [];
  for (const file of globSync("package/dist/**/*.{js,d.ts}", { cwd: contents })) {
    const map = /^\/\/# sourceMappingURL=(.+)$/m.exec(readFileSync(join(contents, file), "utf8"))?.[1];
    if (map === undefined) continue;
    const path = join(contents, dirname(file), map);
    if (!existsSync(path)) missing.push(`${file}: ${map}`);
    else {
      const { sources } = JSON.parse(readFileSync(path, "utf8"));
      for (const source of sources)
        if (!existsSync(resolve(dirname(path), source))) missing.push(`${file}: ${source}`);
    }
  }
  if (missing.length > 0) throw new UserError(`Named but not packed:\n${missing.join("\n")}`);
}

/** As rbd-core's README says: with an override, and with permission to run the install script. */
async function installWithPnpm(packed, detail) {
  const project = join(folder, "pnpm");
  mkdirSync(project);
  const files = packed.map((_, index) => `${names[index]}-0.1.0.tgz`);
  for (const [index, file] of packed.entries()) copyFileSync(file, join(project, files[index]));
  const dependencies = { "rbd-core": `file:./${files[1]}` };
  const manifest = { name: "with-pnpm", private: true, type: "module", dependencies };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  const readme = readFileSync(join(root, "packages/rbd-core/README.md"), "utf8");
  const settings = /^```yaml\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? "";
  writeFileSync(join(project, "pnpm-workspace.yaml"), settings);
  await run("pnpm", ["install", "--no-frozen-lockfile"], { cwd: project, env, detail });
  const program = 'import { librbdVersion } from "rbd-core"; console.log(librbdVersion());';
  const output = execFileSync("node", ["--input-type=module", "-e", program], { cwd: project, env });
  if (!/^1\.\d+\.\d+\n$/.test(String(output))) throw new UserError(`With pnpm it loaded as ${output}`);
}

function checkTypes(project) {
  writeFileSync(join(project, "use.ts"), strictUser);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    typeRoots: [join(root, "node_modules/@types")],
    types: ["node"],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  const { status, stdout } = spawnSync("tsc", ["-p", project], { env, encoding: "utf8" });
  if (status !== 0) throw new UserError(stdout);
}

async function checkBundle(project, detail) {
  await run("npm", ["install", "--no-audit", "--no-fund", "esbuild"], { cwd: project, env, detail });
  writeFileSync(join(project, "bundled.mjs"), bundled);
  const options = ["--bundle", "--platform=node", "--format=esm", "--target=node22", "--external:rbd-native"];
  const esbuild = join(project, "node_modules/.bin/esbuild");
  await run(esbuild, ["bundled.mjs", ...options, "--outfile=bundle.mjs"], { cwd: project, env });
  // Only what the bundle leaves out may be found beside it.
  rmSync(join(project, "node_modules/rbd-core"), { recursive: true });
  await using cluster = await startTemporaryCluster({ prefix: "coppice-packages" });
  const output = execFileSync("node", ["bundle.mjs", cluster.conf], { cwd: project, env });
  if (String(output) !== "128\n") throw new UserError(`The bundle printed ${output}`);
}
