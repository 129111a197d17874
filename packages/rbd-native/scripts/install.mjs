// Runs when the package is installed. A checkout of the sources is compiled by its build script instead.
import { existsSync } from "node:fs";

if (!existsSync(new URL("../src", import.meta.url))) await import("./build-native.mjs");
