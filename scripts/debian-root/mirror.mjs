import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../prepare/output.mjs";

const apt = "/etc/apt";

/** The Debian mirror that this machine's apt uses. */
export function debianMirror() {
  const mirror = mirrorIn(sources());
  if (mirror !== undefined) return mirror;
  throw new UserError(
    `No Debian mirror is named in ${apt}/sources.list or ${apt}/sources.list.d.`,
    "Give one with --mirror URL.",
  );
}

/**
 * The first archive (not the security one) in files of apt's sources, of either format.
 * @param {{ name: string, text: string }[]} files
 */
export function mirrorIn(files) {
  for (const { name, text } of files) {
    const uris = name.endsWith(".sources")
      ? [...text.matchAll(/^URIs:\s*(.+)$/gm)].flatMap((match) => match[1].split(/\s+/))
      : [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)/gm)].map((match) => match[1]);
    const found = uris.find((uri) => /^https?:\/\/.*\/debian\/?$/.test(uri));
    if (found !== undefined) return found;
  }
  return undefined;
}

function sources() {
  const list = join(apt, "sources.list");
  const folder = join(apt, "sources.list.d");
  const parts = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.(list|sources)$/.test(name))
        .sort()
        .map((name) => join(folder, name))
    : [];
  return [list, ...parts]
    .filter((path) => existsSync(path))
    .map((path) => ({ name: path, text: readFileSync(path, "utf8") }));
}
