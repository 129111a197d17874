import { z } from "zod";
import { FormatError } from "./format-error.ts";

const snapshotId = z.string().regex(/^\d{1,20}$/);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const snapshot = z.strictObject({ name: z.string().min(1).max(4096), id: snapshotId });

const schema = z.strictObject({
  format: z.literal("coppice sidecar"),
  version: z.literal(1),
  kind: z.enum(["diff", "image", "raw"]),
  source: z.strictObject({
    fsid: z.uuid(),
    poolId: count,
    poolName: z.string().min(1),
    namespace: z.string(),
    imageId: z.string().min(1),
    imageName: z.string().min(1),
  }),
  from: snapshot.nullable(),
  to: snapshot.nullable(),
  size: count,
  objectSize: z.int().min(4096),
  content: z.strictObject({ bytes: count, sha256 }),
  stored: z.strictObject({ bytes: count, sha256, compression: z.literal("zstd") }).nullable(),
  createdAt: z.iso.datetime(),
});

/**
 * What a diff, an image stream or a raw file does not contain itself, in a small file beside it: its image and snapshots by
 * their ids, and digests. A snapshot's name alone proves nothing, because a snapshot may have been removed and another
 * one made with its name.
 *
 * - `source`: the cluster, pool and image by id, and their names at the time.
 * - `from`, `to`: null for a diff from nothing, and to the head. Ids are decimal strings.
 * - `size`: the image's size at the end, in bytes; `objectSize` in bytes.
 * - `content`: length and digest of the stream before compression; `stored`: of the file, when it is compressed.
 */
export type Sidecar = z.infer<typeof schema>;

/** No sidecar is larger, in bytes: names are limited, and nothing in it grows with the image. */
const largestSidecar = 64 * 1024;

/** The sidecar's text: JSON with two spaces and a line feed at the end. */
export function formatSidecar(sidecar: Sidecar): string {
  return `${JSON.stringify(checked(sidecar), undefined, 2)}\n`;
}

/**
 * @throws {FormatError} `BAD_SIDECAR`, saying which field is wrong.
 */
export function parseSidecar(text: string): Sidecar {
  if (text.length > largestSidecar) {
    throw new FormatError(
      "BAD_SIDECAR",
      largestSidecar,
      `the sidecar is longer than ${largestSidecar} bytes`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError("BAD_SIDECAR", 0, "the sidecar is not JSON", { cause });
  }
  return checked(value);
}

function checked(value: unknown): Sidecar {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? "the sidecar" : issue.path.join(".");
    const problem = `${place} is wrong: ${issue?.message ?? "unknown"}`;
    throw new FormatError("BAD_SIDECAR", 0, problem, { cause: result.error });
  }
  return result.data;
}
