import { CoppiceError } from "../errors/index.ts";
import { type ImageSpec, toSnapshotSpec } from "./image-spec.ts";
import { checkName, type NamePart, nameProblem, quoted } from "./name-part.ts";

/**
 * The location of a template as OpenStack's services exchange it: `rbd://fsid/pool/image/snap`, each part
 * percent-encoded. The format has no part for a namespace.
 */
export interface RbdUrl {
  /** Identifies the cluster. */
  fsid: string;
  pool: string;
  image: string;
  snapshot: string;
}

export const rbdUrlScheme = "rbd://";

/**
 * Parses `rbd://fsid/pool/image/snap`. A `+` is a plus sign: the parts are path segments, not form fields.
 *
 * Source: the location format that Glance writes and Nova and Cinder read. All four parts are required.
 *
 * @throws {CoppiceError} `INVALID_NAME` with the part that is missing, empty, badly encoded or an impossible name
 */
export function parseRbdUrl(text: string): RbdUrl {
  if (!text.startsWith(rbdUrlScheme)) throw refusal(text, `it does not start with ${rbdUrlScheme}`);
  const parts = text.slice(rbdUrlScheme.length).split("/");
  if (parts.length !== 4) {
    throw refusal(text, `it has ${parts.length} part${parts.length === 1 ? "" : "s"} where four are needed`);
  }
  const [fsid = "", pool = "", image = "", snapshot = ""] = parts.map((part) => decode(text, part));
  if (fsid === "") throw refusal(text, "the fsid is empty");
  check(text, "pool", pool);
  check(text, "image", image);
  check(text, "snapshot", snapshot);
  return { fsid, pool, image, snapshot };
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw refusal(text, `${JSON.stringify(part)} is not percent-encoded UTF-8`, cause);
  }
}

function check(text: string, part: NamePart, name: string): void {
  const problem = nameProblem(part, name);
  if (problem !== undefined) throw refusal(text, problem);
}

function refusal(text: string, problem: string, cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "INVALID_NAME",
    call: "parseRbdUrl",
    object: text,
    message: `${quoted(text)} is not the URL of a snapshot: ${problem}`,
    hint: "Write rbd://fsid/pool/image/snapshot, with a slash in a name as %2F.",
    cause,
  });
}

/**
 * Formats `rbd://fsid/pool/image/snap`. The inverse of {@link parseRbdUrl}. Every character except RFC 3986's
 * unreserved ones is percent-encoded, as OpenStack's services do it, so that equal locations give equal text.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or has an illegal character
 */
export function formatRbdUrl(url: RbdUrl): string {
  if (url.fsid === "" || !url.fsid.isWellFormed()) {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "formatRbdUrl",
      object: url.fsid,
      message: `${JSON.stringify(url.fsid)} cannot be the fsid of a cluster`,
    });
  }
  checkName("pool", url.pool);
  checkName("image", url.image);
  checkName("snapshot", url.snapshot);
  return rbdUrlScheme + [url.fsid, url.pool, url.image, url.snapshot].map(encode).join("/");
}

/** `encodeURIComponent` does not encode five of the reserved characters. */
function encode(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The URL of a snapshot in the cluster with this fsid; `null` for a snapshot in a namespace, which no URL can name.
 *
 * @throws {CoppiceError} `INVALID_NAME` when the spec names no snapshot, or a part cannot be used in a URL
 */
export function toRbdUrl(fsid: string, spec: ImageSpec): string | null {
  const { pool, namespace, image, snapshot } = toSnapshotSpec(spec);
  return namespace === "" ? formatRbdUrl({ fsid, pool, image, snapshot }) : null;
}
