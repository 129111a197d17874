// Packs the packages that are published, looks them over with publint, installs them into an empty project and loads
// them there: once compiled on this machine, once with the prebuilt binding. Takes as long as a native build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { fail, step, UserError } from "./prepare/output.mjs";
import { run } from "./prepare/run.mjs";
import { root, toolEnv } from "./prepare/toolchain.mjs";

const names = ["rbd-native", "rbd-core"];
const prebuilds = join(root, "packages/rbd-native/prebuilds");
const env = toolEnv();
const folder = mkdtempSync(join(tmpdir(), "coppice-packages-"));

try {
  if (existsSync(prebuilds))
    throw new UserError(`${prebuilds} is there already.`, "Remove it, then try again.");
  const packed = await step("Packing", () => pack("compiled"));
  for (const name of names) await step(`publint ${name}`, () => lint(name));
  await step("Installing and compiling in an empty project", (detail) => install("compiled", packed, detail));
  await step("Installing a prebuilt binding in an empty project", async (detail) => {
    await run("node", ["scripts/keep-prebuilt.mjs"], { cwd: join(root, "packages/rbd-native"), env });
    try {
      await install("prebuilt", await pack("prebuilt"), detail);
    } finally {
      rmSync(prebuilds, { recursive: true });
    }
  });
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
