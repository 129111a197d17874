// The native sources, for binding.gyp: one per line, sorted, so that the build is the same everywhere.
import { globSync } from "node:fs";

console.log(globSync("native/**/*.cc").sort().join("\n"));
