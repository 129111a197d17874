// Copies the binding that was built here into the package's prebuilds, without debugging symbols: run it where the oldest
// Ceph is, before the package is packed.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { prebuiltPath } from "./prebuilt.mjs";

const built = fileURLToPath(new URL("../build/Release/rbd_native.node", import.meta.url));
mkdirSync(new URL(".", prebuiltPath), { recursive: true });
execFileSync("strip", ["--strip-debug", "-o", fileURLToPath(prebuiltPath), built], { stdio: "inherit" });
console.log(fileURLToPath(prebuiltPath));
