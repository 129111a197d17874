import { formatSpec } from "#lib/spec.ts";

/** Where the data of a point lies; see docs/backup-format.md. */
type StoredPoint =
  | { readonly kind: "snapshot"; readonly image: string; readonly name: string }
  | { readonly kind: "diff"; readonly file: string };

export interface RestorablePoint {
  readonly id: string;
  readonly chain: string;
  readonly parent: string | null;
  /** In bytes. */
  readonly size: number;
  /** In bytes. */
  readonly objectSize: number;
  readonly stored: StoredPoint;
}

type TargetPlace =
  | { readonly kind: "pool"; readonly pool: string; readonly namespace: string }
  | { readonly kind: "directory"; readonly path: string };

/**
 * The `rbd` commands that restore a point to a new image without Coppice, for a shell.
 *
 * @param chain The points of its chain, in any order.
 * @returns null when a point that it builds on is not among them.
 */
export function plainCommands(
  point: RestorablePoint,
  chain: readonly RestorablePoint[],
  place: TargetPlace,
  image = "rbd/restored",
): string | null {
  if (place.kind === "pool") {
    if (point.stored.kind !== "snapshot") return null;
    const { image: from, name: snapshot } = point.stored;
    const source = formatSpec({ pool: place.pool, namespace: place.namespace, image: from, snapshot });
    return [
      `rbd create --size ${point.size}B --object-size ${point.objectSize}B ${quote(image)}`,
      `rbd export-diff ${quote(source)} - | rbd import-diff - ${quote(image)}`,
    ].join("\n");
  }
  const line = lineTo(point, chain);
  const [first] = line ?? [];
  if (line === null || first === undefined) return null;
  const files = line.map(({ stored }) => (stored.kind === "diff" ? stored.file : ""));
  return [
    `cd ${quote(`${place.path.replace(/\/$/, "")}/${point.chain}`)}`,
    "sha256sum --check SHA256SUMS",
    `rbd create --size ${first.size}B --object-size ${first.objectSize}B ${quote(image)}`,
    ...files.map((file) =>
      file.endsWith(".zst")
        ? `zstd -dc ${quote(file)} | rbd import-diff - ${quote(image)}`
        : `rbd import-diff ${quote(file)} ${quote(image)}`,
    ),
  ].join("\n");
}

/** The points from the one that describes everything to this one; null when one is missing. */
function lineTo(point: RestorablePoint, chain: readonly RestorablePoint[]): RestorablePoint[] | null {
  const byId = new Map(chain.map((each) => [each.id, each]));
  const line = [point];
  for (let at = point; at.parent !== null; ) {
    const parent = byId.get(at.parent);
    if (parent === undefined || line.includes(parent)) return null;
    line.unshift(parent);
    at = parent;
  }
  return line;
}

/** Quotes a word for a POSIX shell where it needs that. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
