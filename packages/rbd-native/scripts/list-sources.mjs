// Writes what binding.gyp compiles, and prints it: a few files in `build/units`, each of which includes several of the native
// sources. Most of the time goes into the headers of Node-API and librbd, which every file compiled by itself reads anew. The
// order is sorted, so that the build is the same everywhere. A name in an unnamed namespace must be the only one of its kind.
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const sourcesInUnit = 11;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = globSync("native/**/*.cc", { cwd: root }).sort();
mkdirSync(join(root, "build/units"), { recursive: true });
for (let from = 0; from < sources.length; from += sourcesInUnit) {
  const unit = `build/units/unit-${from / sourcesInUnit}.cc`;
  const text = sources
    .slice(from, from + sourcesInUnit)
    .map((source) => `#include "../../${source}"\n`)
    .join("");
  if (read(unit) !== text) writeFileSync(join(root, unit), text);
  console.log(unit);
}

/** What stands in a file: a unit that is as it was is not compiled again. */
function read(path) {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return "";
  }
}
