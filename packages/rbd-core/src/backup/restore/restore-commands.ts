import type { BackupRecord } from "../backup-record.ts";
import type { BackupLocation, PointData } from "../backup-target.ts";

/** Commands for a shell that restore a backup without Coppice, with what they make. */
export interface RestoreRecipe {
  readonly title: string;
  /** One after the other. The first ones set the variables that a person changes. */
  readonly commands: readonly string[];
}

/** A point, with the size of its objects where that is known. */
export type CommandPoint = PointData & Partial<Pick<BackupRecord, "objectSize">>;

/**
 * The plain `rbd` commands that restore a backup, with nothing but Ceph's own tools: see docs/backup-format.md. For a pool, they run
 * with the configuration of the cluster that the pool is in. Pure.
 *
 * @param points The points that the backup's data is made of, oldest first, with itself as the last one. A pool's point holds
 * everything by itself, so only the last one counts there.
 */
export function restoreCommands(location: BackupLocation, points: readonly CommandPoint[]): RestoreRecipe[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  return location.kind === "pool" ? fromPool(location, last) : fromDirectory(location, first, points);
}

const newImage = "IMAGE=rbd/restored  # pool/image, a name that is free";

function fromPool(
  { pool, namespace }: Extract<BackupLocation, { kind: "pool" }>,
  point: CommandPoint,
): RestoreRecipe[] {
  const { stored, chain } = point;
  if (stored.kind !== "snapshot") return [];
  const snapshot = quote(
    [pool, namespace, `${chain}@${stored.name}`].filter((part) => part !== "").join("/"),
  );
  const bare = quote(stored.name);
  return [
    {
      title: "To a new image",
      commands: [
        newImage,
        createCommand(point),
        `rbd export-diff ${snapshot} - | rbd import-diff - "$IMAGE"`,
        `rbd snap rm "$IMAGE"@${bare}`,
      ],
    },
    { title: "To a raw file", commands: [`rbd export ${snapshot} disk.raw`] },
    {
      title: "To an image that can be used at once, in the same cluster",
      commands: [
        newImage,
        `rbd clone --rbd-default-clone-format 2 ${snapshot} "$IMAGE"`,
        'rbd flatten "$IMAGE"',
      ],
    },
  ];
}

function fromDirectory(
  { path }: Extract<BackupLocation, { kind: "directory" }>,
  first: CommandPoint,
  points: readonly CommandPoint[],
): RestoreRecipe[] {
  const files = points.flatMap(({ stored }) => (stored.kind === "diff" ? [stored.file] : []));
  const commands = [
    `cd ${quote(`${path}/${first.chain}`)}`,
    "sha256sum --check SHA256SUMS",
    newImage,
    createCommand(first),
    ...files.map(importCommand),
    'rbd snap purge "$IMAGE"',
  ];
  return [{ title: "To a new image", commands }];
}

/** The command that makes the empty image for a chain's first point. */
export function createCommand({ size, objectSize }: CommandPoint): string {
  const objects = objectSize === undefined ? "" : ` --object-size ${objectSize}B`;
  return `rbd create --size ${size}B${objects} "$IMAGE"`;
}

/** The command that applies one file of a directory, in the file's folder. */
export function importCommand(file: string): string {
  return file.endsWith(".zst")
    ? `zstd -dc ${quote(file)} | rbd import-diff - "$IMAGE"`
    : `rbd import-diff ${quote(file)} "$IMAGE"`;
}

/** Makes one word of a shell of any text; what needs no quotes stays as it is. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
