import { type Command, InvalidArgumentError } from "commander";
import {
  type ChainPoint,
  cloneImage,
  createSnapshot,
  type Forest,
  flattenImage,
  forest,
  type InventoryRow,
  inventory,
  parseImageSpec,
  snapshotChain,
  syncImage,
  whatChanged,
} from "rbd-core";
import { type Column, showBytes, showMeasure, showTime, visible } from "./output.ts";
import { type TargetOptions, targetCluster, withCluster, withTargetOptions } from "./session.ts";

/** Seeing, cloning and copying images. */
export function imageCommands(program: Command): void {
  program
    .command("ls")
    .description("list the images of all pools, or of some")
    .argument("[pools...]")
    .action((pools: string[], _, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const { rows } = await inventory(cluster, { ...only(pools), signal });
        output.table(rows, imageColumns, "There are no images.");
      }),
    );

  program
    .command("tree")
    .description("show which images are clones of which")
    .argument("[pools...]")
    .action((pools: string[], _, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const trees = forest(await inventory(cluster, { ...only(pools), signal }));
        output.result([...trees.nodes.values()], drawForest(trees));
      }),
    );

  program
    .command("snapshots")
    .description("show the snapshots of an image, with the space that each of them uses")
    .argument("<image>")
    .option("--exact", "measure to the byte instead of estimating from the object maps")
    .action((image: string, { exact }: { exact?: boolean }, command) =>
      withCluster(command, async ({ cluster, output, progress, signal }) => {
        const onProgress = ({ done, total }: { done: number; total: number }) =>
          progress.show("measuring", done, total);
        const chain = await snapshotChain(cluster, image, { exact, signal, onProgress });
        output.table(chain.points, chainColumns, "");
      }),
    );

  program
    .command("diff")
    .description("show what changed in an image between a snapshot and another one, or the current state")
    .argument("<image>")
    .argument("[from]", "the older snapshot; the creation of the image without it")
    .argument("[to]", "the newer snapshot; the current state without it")
    .action((image: string, from: string | undefined, to: string | undefined, _, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const { written, discarded, ...changed } = await whatChanged(cluster, image, { from, to, signal });
        const { spec, writtenBytes, discardedBytes, strip } = changed;
        const points = `${changed.from ?? "its creation"} to ${changed.to ?? "now"}`;
        output.result(
          { ...changed, written: [...written], discarded: [...discarded] },
          `${spec}, from ${points}: ${showBytes(writtenBytes)} written, ${showBytes(discardedBytes)} discarded.\n${drawStrip(strip)}`,
        );
      }),
    );

  program
    .command("clone")
    .description("clone an image or a snapshot; a snapshot is made only when none has the current state")
    .argument("<source>")
    .argument("<target>")
    .option("--flatten", "make it a full copy, which does not depend on its source")
    .action((source: string, target: string, { flatten }: { flatten?: boolean }, command) =>
      withCluster(command, async ({ cluster, output, progress, signal }) => {
        const cloned = await cloneImage(cluster, {
          source,
          target,
          flatten,
          signal,
          onProgress: ({ phase, done, total }) => progress.show(phase, done, total),
        });
        const { name, reason } = cloned.snapshot;
        const how = cloned.reused ? "existing" : "new";
        output.result(
          cloned,
          `Cloned ${source} to ${target} from the ${how} snapshot ${visible(name)}: ${reason}.`,
        );
        for (const warning of cloned.warnings) output.note(warning);
      }),
    );

  program
    .command("flatten")
    .description("copy what a clone shares with its parent, so that it depends on nothing")
    .argument("<image>")
    .action((image: string, _, command) =>
      withCluster(command, async ({ cluster, output, progress, signal }) => {
        const onProgress = ({ done, total }: { done: number; total: number }) =>
          progress.show("flattening", done, total);
        const { flattened } = await flattenImage(cluster, image, { signal, onProgress });
        output.result({ image, flattened }, flattened ? `${image} is flattened.` : `${image} has no parent.`);
      }),
    );

  program
    .command("snapshot")
    .description("make a snapshot")
    .argument("<image@snapshot>", undefined, (text: string) => {
      if (text.includes("@")) return text;
      throw new InvalidArgumentError("Write pool/[namespace/]image@snapshot.");
    })
    .action((snapshot: string, _, command) =>
      withCluster(command, async ({ cluster, output }) => {
        parseImageSpec(snapshot);
        await createSnapshot(cluster, snapshot);
        output.result({ snapshot }, `Made ${snapshot}.`);
      }),
    );

  withTargetOptions(
    program
      .command("sync")
      .description(
        "bring a copy of an image up to date, in this cluster or another one; the first time make it",
      )
      .argument("<source>")
      .argument("<copy>"),
  ).action((source: string, copy: string, options: TargetOptions, command) =>
    withCluster(command, async (session) => {
      const { cluster, output, progress, signal } = session;
      await using opened = new AsyncDisposableStack();
      const target = { cluster: await targetCluster(session, options, opened), image: copy };
      const synced = await syncImage(cluster, {
        image: source,
        target,
        signal,
        onProgress: progress.transfer,
      });
      const what = synced.from === null ? "everything" : `the changes since ${synced.from}`;
      output.result(
        synced,
        `${copy} is at ${synced.snapshot}: copied ${what}, ${showBytes(synced.bytesWritten)} written and compared.`,
      );
      for (const { snapshot, why } of synced.kept) output.note(`The snapshot ${snapshot} stays: ${why}.`);
    }),
  );
}

function only(pools: readonly string[]): { pools?: readonly string[] } {
  return pools.length === 0 ? {} : { pools };
}

const imageColumns: readonly Column<InventoryRow>[] = [
  { title: "IMAGE", value: ({ spec }) => spec },
  { title: "SIZE", value: (row) => (row.state === "ok" ? showBytes(row.size) : "-"), align: "right" },
  {
    title: "SNAPSHOTS",
    value: (row) => (row.state === "ok" ? String(row.snapshots.length) : "-"),
    align: "right",
  },
  { title: "PARENT", value: (row) => (row.state === "ok" ? showParent(row.parent) : "-") },
  { title: "STATE", value: stateOf },
];

type Parent = Extract<InventoryRow, { state: "ok" }>["parent"];

function showParent(parent: Parent): string {
  if (parent === null) return "-";
  const place = parent.namespace === "" ? parent.poolName : `${parent.poolName}/${parent.namespace}`;
  return `${place}/${parent.imageName}@${parent.snapshotName}`;
}

function stateOf(row: InventoryRow): string {
  if (row.state !== "ok") return `unreadable: ${row.error.message}`;
  if (row.operation !== null) return `${row.operation.kind ?? "operation"} ${row.operation.state}`;
  return row.trash === null ? "" : "in the trash";
}

/** The trees with lines, one image a line, the snapshot it was cloned from behind it. */
export function drawForest({ nodes, roots }: Pick<Forest, "nodes" | "roots">): string {
  const lines: string[] = [];
  const draw = (key: string, before: string, mark: string, below: string) => {
    const node = nodes.get(key);
    if (node === undefined) return;
    const from = node.parentSnapshot === null ? "" : `  (from @${visible(node.parentSnapshot)})`;
    const marks = node.marks.length === 0 ? "" : `  [${node.marks.join(", ")}]`;
    lines.push(`${before}${mark}${visible(node.row.spec)}${from}${marks}`);
    node.childKeys.forEach((child, at) => {
      const isLast = at === node.childKeys.length - 1;
      draw(child, before + below, isLast ? "└─ " : "├─ ", isLast ? "   " : "│  ");
    });
  };
  for (const root of roots) draw(root, "", "", "");
  return lines.length === 0 ? "There are no images." : lines.join("\n");
}

const chainColumns: readonly Column<ChainPoint>[] = [
  { title: "SNAPSHOT", value: ({ snapshot }) => snapshot?.name ?? "(current state)" },
  { title: "MADE", value: ({ snapshot }) => showTime(snapshot?.createdAt ?? null) },
  { title: "SIZE", value: ({ size }) => showBytes(size), align: "right" },
  { title: "CHANGED", value: ({ delta }) => showMeasure(delta), align: "right" },
  { title: "FREED IF REMOVED", value: ({ freedIfRemoved }) => showMeasure(freedIfRemoved), align: "right" },
  { title: "PROTECTED", value: ({ snapshot }) => (snapshot?.protected === true ? "yes" : "") },
];

const shades = " ░▒▓█";
const stripWidth = 64;

/** The image from its beginning to its end: the darker, the more of it changed. */
export function drawStrip(strip: readonly number[]): string {
  const size = Math.ceil(strip.length / stripWidth);
  const parts = Array.from({ length: Math.ceil(strip.length / size) }, (_, at) =>
    strip.slice(at * size, (at + 1) * size).reduce((sum, bytes) => sum + bytes, 0),
  );
  const most = Math.max(...parts, 1);
  const shade = (bytes: number) => (bytes === 0 ? 0 : Math.ceil((bytes / most) * (shades.length - 1)));
  return `|${parts.map((bytes) => shades[shade(bytes)]).join("")}|`;
}
