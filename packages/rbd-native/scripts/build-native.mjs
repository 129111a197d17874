// Compiles the native part against this machine's librados and librbd headers.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const needed = [
  { what: "librados headers", debian: "librados-dev", rpm: "librados-devel", header: "rados/librados.h" },
  { what: "librbd headers", debian: "librbd-dev", rpm: "librbd-devel", header: "rbd/librbd.h" },
  {
    what: "librados headers for C++",
    debian: "libradospp-dev",
    rpm: "libradospp-devel",
    header: "rados/librados.hpp",
  },
  { what: "xxHash headers", debian: "libxxhash-dev", rpm: "xxhash-devel", header: "xxhash.h" },
  { what: "a C++20 compiler", debian: "g++", rpm: "gcc-c++", command: "g++" },
  { what: "make", debian: "make", rpm: "make", command: "make" },
  { what: "Python 3 (for node-gyp)", debian: "python3", rpm: "python3", command: "python3" },
];

function works(command, args, input) {
  return spawnSync(command, args, { input, stdio: ["pipe", "ignore", "ignore"] }).status === 0;
}

function present(need) {
  if (need.command) return works(need.command, ["--version"]);
  return works("g++", ["-E", "-x", "c++", "-"], `#include <${need.header}>\n`);
}

/** The root of an installed Node.js that brought its headers along, so that none are downloaded. */
function nodeRoot() {
  const beside = resolve(dirname(process.execPath), "..");
  const candidates = [beside];
  for (const name of [`node-linux-${process.arch}`]) {
    try {
      candidates.push(dirname(require.resolve(`${name}/package.json`)));
    } catch {
      // Not installed here: a system Node.js may still have its headers beside it.
    }
  }
  return candidates.find((path) => {
    const header = join(path, "include/node/node_version.h");
    return existsSync(header) && ofThisMajor(readFileSync(header, "utf8"));
  });
}

function ofThisMajor(header) {
  return header.match(/#define NODE_MAJOR_VERSION (\d+)/)?.[1] === process.versions.node.split(".")[0];
}

/** Two builds at once (two shells, two tasks) would spoil each other's objects: the second waits for the first. */
function waitForOtherBuilds() {
  if (process.env.RBD_NATIVE_BUILD_LOCKED || !works("flock", ["--version"])) return;
  mkdirSync(join(root, "build"), { recursive: true });
  const locked = spawnSync(
    "flock",
    [join(root, "build/.lock"), process.execPath, fileURLToPath(import.meta.url)],
    {
      env: { ...process.env, RBD_NATIVE_BUILD_LOCKED: "1" },
      stdio: "inherit",
    },
  );
  process.exit(locked.status ?? 1);
}

waitForOtherBuilds();

const missing = needed.filter((need) => !present(need));
if (missing.length > 0) {
  console.error("rbd-native cannot be compiled: some of what it needs is not installed.\n");
  for (const need of missing) console.error(`  ${need.what}`);
  console.error(`\n  Debian, Ubuntu:  apt-get install ${missing.map((need) => need.debian).join(" ")}`);
  console.error(`  Fedora, RHEL:    dnf install ${missing.map((need) => need.rpm).join(" ")}`);
  process.exit(1);
}

const headers = nodeRoot();
const gyp = join(dirname(require.resolve("node-gyp/package.json")), "bin/node-gyp.js");
const run = (...args) =>
  execFileSync(process.execPath, [gyp, ...args, ...(headers ? [`--nodedir=${headers}`] : [])], {
    cwd: root,
    stdio: "inherit",
  });
run("configure", "--loglevel=warn");
run("build", "--loglevel=warn", `--jobs=${availableParallelism()}`);
