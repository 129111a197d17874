// Compiles the native part with AddressSanitizer into build/asan, beside the usual build.
// `node scripts/check-memory.mjs` runs the tests with it.
import { spawn } from "node:child_process";
import { globSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, "build/asan");
const addonApi = dirname(createRequire(import.meta.url).resolve("node-addon-api/package.json"));
const headers = resolve(dirname(process.execPath), "../include/node");
const flags = [
  "-std=c++20",
  "-fPIC",
  "-O1",
  "-g1",
  "-fno-omit-frame-pointer",
  "-fsanitize=address",
  "-fvisibility=hidden",
  "-DNAPI_VERSION=9",
  "-DNODE_ADDON_API_CPP_EXCEPTIONS",
  "-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
  "-DNODE_GYP_MODULE_NAME=rbd_native",
  `-I${addonApi}`,
  `-I${headers}`,
];

function run(command, args) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit" });
    child.on("error", failed);
    child.on("close", (code) => (code === 0 ? done() : failed(new Error(`${command} ended with ${code}`))));
  });
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

mkdirSync(output, { recursive: true });
const newestHeader = Math.max(
  ...globSync("native/**/*.h", { cwd: root }).map((file) => modified(join(root, file))),
);
const units = globSync("native/**/*.cc", { cwd: root }).map((source) => ({
  source,
  object: join(output, `${source.replaceAll("/", "-")}.o`),
}));
const stale = units.filter(
  ({ source, object }) => modified(object) < Math.max(modified(join(root, source)), newestHeader),
);
const compile = async () => {
  for (let unit = stale.pop(); unit; unit = stale.pop()) {
    console.log(`  ${basename(unit.source)}`);
    await run("g++", [...flags, "-c", unit.source, "-o", unit.object]);
  }
};
await Promise.all(Array.from({ length: availableParallelism() }, compile));
const libraries = ["-lrbd", "-lrados", "-ldl", "-Wl,-z,nodelete"];
const objects = units.map(({ object }) => object);
await run("g++", [
  "-shared",
  "-fsanitize=address",
  "-o",
  join(output, "rbd_native.node"),
  ...objects,
  ...libraries,
]);
