import { CoppiceError } from "../errors/coppice-error.ts";
import { type NamePart, nameProblem } from "../names/name-part.ts";
import { type RbdUrl, rbdUrlScheme } from "./rbd-url.ts";

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
