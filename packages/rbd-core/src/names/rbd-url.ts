import { CoppiceError } from "../errors/index.ts";
import { type ImageSpec, toSnapshotSpec } from "./image-spec.ts";
import { checkName, type NamePart, nameProblem } from "./name-part.ts";

/**
 * Where a template lives, as OpenStack's services tell each other: `rbd://fsid/pool/image/snap`, each part
 * percent-encoded. There is no place for a namespace in it.
 */
export interface RbdUrl {
  /** Which cluster: its fsid. */
  fsid: string;
  pool: string;
  image: string;
  snapshot: string;
}

export const rbdUrlScheme = "rbd://";

/**
 * Reads `rbd://fsid/pool/image/snap`. A `+` is a plus: these are path segments, not a form.
 *
 * Source: the location format that Glance writes and Nova and Cinder read; all four parts are needed, as there.
 *
 * @throws {CoppiceError} `INVALID_NAME`, saying which part is missing, empty, badly encoded or no possible name.
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
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new CoppiceError({
    code: "INVALID_NAME",
    call: "parseRbdUrl",
    object: text,
    message: `${JSON.stringify(shown)} is not the URL of a snapshot: ${problem}`,
    hint: "Write rbd://fsid/pool/image/snapshot, with a slash in a name as %2F.",
    cause,
  });
}

/**
 * Writes `rbd://fsid/pool/image/snap`, so that {@link parseRbdUrl} reads the same back. Everything but RFC 3986's
 * unreserved characters is percent-encoded, as OpenStack's services do: equal locations give equal text.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or holds an illegal character.
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

/** `encodeURIComponent` leaves five of the reserved characters as they are. */
function encode(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The URL of a snapshot of this cluster, or `null` for one that no such URL can name, because it is in a namespace.
 *
 * @throws {CoppiceError} `INVALID_NAME` when no snapshot is named, or a name is none that can be.
 */
export function toRbdUrl(fsid: string, spec: ImageSpec): string | null {
  const { pool, namespace, image, snapshot } = toSnapshotSpec(spec);
  return namespace === "" ? formatRbdUrl({ fsid, pool, image, snapshot }) : null;
}
