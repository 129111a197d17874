import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

// biome.json forbids import cycles, and imports of another folder's files other than its index.ts. The order of the
// folders is checked here.

const src = join(import.meta.dirname, "../../src");

/** The folders of `src`, lowest first: a folder imports only folders that come before it. */
const layers: readonly (readonly [folder: string, purpose: string])[] = [
  ["errors", "the error class and the conversion of the binding's errors"],
  ["names", "names of images and snapshots as text and in parts"],
  ["concurrency", "limits, order and read-ahead of asynchronous work"],
  ["cluster", "the connection, its pools and namespaces"],
  ["headers", "the encodings of Ceph's metadata objects, and reading these objects"],
  ["notes", "JSON notes in the metadata of images"],
  ["operation", "operations of several steps: records, locks, progress, retries, undoing"],
  ["image", "creating, opening and removing images and snapshots"],
  ["diff", "object maps and differences between two points of an image"],
  ["inventory", "finding and listing images with their snapshots, parents and clones"],
  ["search", "filtering and sorting an inventory"],
  ["chain", "the sizes of the snapshots of an image"],
  ["clone", "cloning an image, with the choice of its snapshot"],
  ["flatten", "flattening clones, and limits of their depth"],
  ["deletion", "what prevents a removal, plans of removals, the trash"],
  ["formats", "files and streams: diffs, image streams, zstd, sidecars"],
  ["domain-snapshot", "libvirt's description of a snapshot, as XML"],
  ["transfer", "export, import and copies of images and increments"],
  ["volume", "volumes of virtual machines: create, extend, roll back, delete"],
  ["template", "templates: import, capture, clone, export, remove"],
  ["snapshot-set", "snapshots of several images that show one instant"],
  ["mirror", "mirrors of a machine's disks: start, keep in step, pivot, abort"],
  ["backup", "backups in a pool or a directory: chains, restore, verification, retention"],
  ["reconcile", "finishing or undoing what was interrupted"],
];
const order = layers.map(([folder]) => folder);

interface Import {
  from: string;
  to: string;
  file: string;
}

/** All imports, of values and of types, that lead from one folder of `src` to another. */
function importsBetweenFolders(): Import[] {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return files.flatMap((file) => {
    const [from = "", ...below] = file.split("/");
    if (below.length === 0) return [];
    const text = readFileSync(join(src, file), "utf8");
    const paths = [...text.matchAll(/\bfrom\s+"(\.[^"]+)"/g)].map(([, path = ""]) => join(file, "..", path));
    return paths
      .map((path) => ({ from, to: path.split("/")[0] ?? "", file }))
      .filter(({ to }) => to !== from);
  });
}

it("every folder of src has its place in the order", () => {
  const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(order).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
});

it("a folder imports only folders below it", () => {
  const imports = importsBetweenFolders();
  expect(imports.length).toBeGreaterThan(100);
  const upward = imports.filter(({ from, to }) => order.indexOf(to) >= order.indexOf(from));
  expect(upward.map(({ to, file }) => `${file} imports ${to}`)).toEqual([]);
});
