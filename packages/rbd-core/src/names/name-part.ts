import { CoppiceError } from "../errors/index.ts";

/** What a name can be the name of. */
export type NamePart = "pool" | "namespace" | "image" | "snapshot";

/**
 * The longest name of each kind, in bytes of UTF-8.
 *
 * Image and namespace names become part of RADOS object names (`rbd_id.<image>`), which an OSD limits by
 * `osd_max_object_name_len` (2048) and `osd_max_object_namespace_len` (256). A snapshot's name must fit the
 * 4096 bytes that readers of the rbd diff format accept. Pool names have no limit of their own; the same 4096
 * stops an obvious mistake before it is sent to the monitors.
 */
export const longestName: Readonly<Record<NamePart, number>> = {
  pool: 4096,
  namespace: 256,
  image: 2048 - "rbd_id.".length,
  snapshot: 4096,
};

/** Characters that separate the parts of a spec, so that the part itself cannot contain them. A pool may contain `@`. */
const separators: Readonly<Record<NamePart, string>> = {
  pool: "/",
  namespace: "/@",
  image: "/@",
  snapshot: "/@",
};

/**
 * Why `name` cannot be used as the name of a pool, namespace, image or snapshot in a spec; `undefined` when it can.
 * The sentence has no full stop and does not repeat the name.
 */
export function nameProblem(part: NamePart, name: string): string | undefined {
  if (name === "") return `the ${part} name is empty`;
  if (!name.isWellFormed()) return `the ${part} name has half of a surrogate pair, which UTF-8 cannot hold`;
  for (const character of name) {
    if (separators[part].includes(character)) return `the ${part} name contains "${character}"`;
    if (isControl(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      return `the ${part} name contains the control character U+${code}`;
    }
  }
  const bytes = Buffer.byteLength(name, "utf8");
  if (bytes > longestName[part]) {
    return `the ${part} name has ${bytes} bytes, more than the ${longestName[part]} allowed`;
  }
  return undefined;
}

function isControl(character: string): boolean {
  return character < " " || (character >= "\u007f" && character <= "\u009f");
}

/** @throws {CoppiceError} `INVALID_NAME` when `name` cannot be used as that part of a spec */
export function checkName(part: NamePart, name: string): void {
  const problem = nameProblem(part, name);
  if (problem === undefined) return;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "checkName",
    object: name,
    message: `${JSON.stringify(name)} cannot be the name of ${part === "image" ? "an" : "a"} ${part}: ${problem}`,
  });
}

/** A user's input in an error message: quoted, and cut off when it is very long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** Orders two texts by code unit: the same on every machine, whatever its locale, and fast. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
