import { globSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import type { TestProject } from "vitest/node";

const core = fileURLToPath(new URL("../../", import.meta.url));
/** The programs that tests of rbd-core start and kill, hundreds of times a run. */
const programs = "test/**/{*-and-die,kill-child,killed-operations}.ts";

/**
 * Makes one file of each program that tests start in order to kill it: a process that looks for a hundred modules begins its
 * work a quarter of a second of computing later. Tests find them with `inject("childPrograms")`.
 */
export default async function bundleChildren(project: TestProject): Promise<void> {
  // Inside the package, so that the modules of others are found from there.
  const folder = join(core, "node_modules/.cache/test-programs");
  const input = globSync(programs, { cwd: core });
  const { output } = await build({
    cwd: core,
    input: Object.fromEntries(input.map((file) => [basename(file, ".ts"), `./${file}`])),
    external: /^[^./]/,
    platform: "node",
    output: { format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
    write: false,
  });
  await mkdir(folder, { recursive: true });
  for (const part of output) {
    if (part.type !== "chunk") continue;
    const path = join(folder, part.fileName);
    if ((await readFile(path, "utf8").catch(() => "")) === part.code) continue;
    // Another run may just be starting one of them.
    await writeFile(`${path}.${process.pid}`, part.code);
    await rename(`${path}.${process.pid}`, path);
  }
  project.provide("childPrograms", folder);
}
