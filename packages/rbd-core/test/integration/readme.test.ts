import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import {
  type Cluster,
  cloneImage,
  connect,
  createImage,
  createSnapshot,
  deleteVolume,
  openImage,
  removeImage,
} from "../../src/index.ts";
import { Witness } from "../support/witness.ts";

const root = join(import.meta.dirname, "../../../..");
const conf = inject("cephConf");
const witness = new Witness(conf);
const rbd = (...args: string[]) => witness.rbd(...args);
let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  cluster = await connect({ conf });
  // Within the package, so that `rbd-core` is the built package itself, as for everybody who installs it.
  folder = await mkdtemp(join(root, "packages/rbd-core/dist/readme-"));
  for (const pool of ["vms", "backup", "backups"]) await cluster.createPool(pool);
  await createImage(cluster, "rbd/debian-13", { size: 2 ** 22 });
  await cloneImage(cluster, { source: "rbd/debian-13", target: "vms/web-1" });
  await createImage(cluster, "rbd/vm-1", { size: 2 ** 23 });
  await using image = await openImage(cluster, "rbd/vm-1");
  for (const day of ["monday", "tuesday"]) {
    await image.write(0, Buffer.from(day));
    await createSnapshot(cluster, `rbd/vm-1@${day}`);
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  for (const image of ["vms/web-1", "vms/web-7"]) await removeImage(cluster, image);
  for (const pool of ["vms", "backup", "backups"]) await cluster.deletePool(pool);
  for (const image of ["debian-13", "vm-1", "vm-2", "vm-1-restored"]) {
    await deleteVolume(cluster, { volume: `rbd/${image}`, snapshots: "all" });
  }
  await cluster.close();
});

/** The TypeScript examples of a document, in order. */
async function examples(document: string): Promise<string[]> {
  const text = await readFile(join(root, document), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
}

/** Runs an example as it stands, but for the places of the configuration files, and of the directory of backups. */
async function run(example: string | undefined): Promise<string> {
  const code = (example ?? "")
    .replaceAll(/"\/etc\/ceph\/\w+\.conf"/g, JSON.stringify(conf))
    .replaceAll('"/mnt/nas/backups"', JSON.stringify(join(folder, "nas")));
  expect(code).not.toMatch(/"\/(etc|mnt)/);
  await writeFile(join(folder, "example.ts"), code);
  const { stdout } = await promisify(execFile)(process.execPath, ["example.ts"], { cwd: folder });
  return stdout;
}

test("the README's first example lists the clones, and clones", async () => {
  const [first] = await examples("README.md");
  const output = await run(first);
  expect(output).toContain("vms/web-1 1\n");
  expect(output).toContain("coppice-");
  expect(JSON.parse(await rbd("info", "--format", "json", "vms/web-7"))).toMatchObject({
    parent: { pool: "rbd", image: "debian-13" },
  });
});

const contents = (spec: string) => rbd("export", "--no-progress", spec, "-");

test("the README's second example backs up, verifies and restores", async () => {
  const [, second] = await examples("README.md");
  const output = await run(second);
  expect(output).toContain("full the target has no backup of this image\n");
  expect(await contents("rbd/vm-2")).toBe(await contents("rbd/vm-1"));
  expect(await contents("rbd/vm-1")).toBe(await contents("rbd/vm-1@tuesday"));
});

test("the README's third example copies what changed, and writes what rbd takes", async () => {
  const [, , third] = await examples("README.md");
  await run(third);
  await rbd(
    "export-diff",
    "--no-progress",
    "--from-snap",
    "monday",
    "backup/vm-1@tuesday",
    join(folder, "copied.diff"),
  );
  await rbd("create", "--size", "8M", "backup/again");
  await rbd("snap", "create", "--no-progress", "backup/again@monday");
  await rbd("import-diff", "--no-progress", join(folder, "tuesday.diff"), "backup/again");
  const wanted = await contents("rbd/vm-1@tuesday");
  expect(await contents("backup/vm-1@tuesday")).toBe(wanted);
  expect(await contents("backup/again@tuesday")).toBe(wanted);
});

test("the README's fourth example backs up to a directory", async () => {
  const [, , , fourth] = await examples("README.md");
  await run(fourth);
  expect(await contents("rbd/vm-1-restored")).toBe(await contents("rbd/vm-1"));
});

test("the example of rbd-core's README clones", async () => {
  const [example] = await examples("packages/rbd-core/README.md");
  await removeImage(cluster, "vms/web-7");
  await run(example);
  expect(await rbd("ls", "vms")).toContain("web-7");
});
