import { join } from "node:path";
import type { BackupRecord } from "../backup-record.ts";
import { createCommand, importCommand } from "../restore/restore-commands.ts";
import { writeFileDurably } from "./files.ts";
import { readmeFile, storedDiff, sumsFile } from "./layout.ts";

/**
 * What restores the points of a chain without Coppice: plain `rbd` commands, each with the point that it leads to. Pure.
 *
 * @param points Oldest first.
 */
export function chainReadme(points: readonly BackupRecord[]): string {
  const [first] = points;
  const newest = points.at(-1);
  if (first === undefined || newest === undefined) return "";
  const { poolName, namespace, imageName, fsid, imageId } = newest.source;
  const image = [poolName, namespace, imageName].filter((part) => part !== "").join("/");
  const compressed = points.some((point) => storedDiff(point).file.endsWith(".zst"));
  const steps = points.flatMap((point) => {
    const { file } = storedDiff(point);
    return ["", `# ${point.pointAt}: backup ${point.id}, ${point.size} bytes`, importCommand(file)];
  });
  return `${[
    `# Backups of ${oneLine(image)}`,
    "",
    `Image id ${imageId}, cluster ${fsid}. Each point is a file in Ceph's format \`rbd diff v1\`${compressed ? ", compressed with zstd" : ""}: the first`,
    "one holds everything, each other one what changed since the one before.",
    "",
    "## Restore with `rbd`",
    "",
    "Run these commands in this folder, one after the other, and stop after that of the point that you want. Later ones are not",
    "needed for it, earlier ones are. Afterwards the image has a snapshot for each step.",
    "",
    "```sh",
    `sha256sum --check ${sumsFile}`,
    "IMAGE=rbd/restored   # pool/image, a name that is free",
    createCommand(first),
    ...steps,
    "```",
    "",
    "Then, as you like:",
    "",
    "```sh",
    'rbd export "$IMAGE" disk.raw   # a raw file',
    'rbd snap purge "$IMAGE"        # the image without the snapshots of the steps',
    "```",
    "",
    "Only Coppice writes here. Do not rename, change or remove single files: the points after them would be lost.",
  ].join("\n")}\n`;
}

/** Names come from a cluster: they must not look like anything else here. */
const oneLine = (text: string) => text.replaceAll(/[\p{C}`<>[\]*_\\]/gu, "?");

/** The digests of a chain's data files, for `sha256sum --check`. Pure. */
export function chainSums(points: readonly BackupRecord[]): string {
  return points
    .map((point) => storedDiff(point))
    .map(({ file, sha256 }) => `${sha256}  ${file}\n`)
    .join("");
}

/** Writes both files for the points as they are about to be. */
export async function describeChain(folder: string, points: readonly BackupRecord[]): Promise<void> {
  await writeFileDurably(join(folder, sumsFile), Buffer.from(chainSums(points)));
  await writeFileDurably(join(folder, readmeFile), Buffer.from(chainReadme(points)));
}

/** The text that explains a whole backup directory. */
export const directoryReadme = `# Backups of RBD images

Each folder here is one chain of backups of one image, made by Coppice. Its \`README.md\` has the plain \`rbd\` commands that restore
each of its points; Coppice is not needed for that.

Copy this directory as a whole, hidden folders included, while no backup runs.
`;
