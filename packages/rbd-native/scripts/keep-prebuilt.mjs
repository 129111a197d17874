// Copies the binding that was built here into the package's prebuilds, without debugging symbols, under the name of the
// librbd that it was built with. `node scripts/keep-prebuilt.mjs` before the package is packed.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../dist/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { major, minor } = version();
const folder = join(root, `prebuilds/${process.platform}-${process.arch}-librbd${major}.${minor}`);
const kept = join(folder, "rbd_native.node");
mkdirSync(folder, { recursive: true });
execFileSync("strip", ["--strip-debug", "-o", kept, join(root, "build/Release/rbd_native.node")]);
console.log(kept);
