// Builds the packages on another Debian and runs their tests against that Debian's Ceph: in a root of its own, made with
// debootstrap. Needs root, debootstrap and a few GB; changes nothing on the machine but the root's folder.
//
//   node scripts/check-debian.mjs --release 13|14 [--root FOLDER] [--mirror URL] [-- vitest arguments, e.g. test files]
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { installPackages, makeRoot } from "./debian-root/make-root.mjs";
import { debianMirror } from "./debian-root/mirror.mjs";
import { releases } from "./debian-root/releases.mjs";
import { runInRoot } from "./debian-root/run-in-root.mjs";
import { fail, step, UserError } from "./prepare/output.mjs";
import { packagesFor } from "./prepare/system-packages.mjs";

const usage =
  "node scripts/check-debian.mjs --release 13|14 [--root FOLDER] [--mirror URL] [-- vitest arguments]";

try {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(usage);
  } else {
    refuseWithoutMeans();
    const release = releaseNamed(values.release);
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
    const root = resolve(values.root ?? join(cache, `coppice/debian-${release.number}`));
    await makeRoot(root, release, values.mirror ?? debianMirror());
    await installPackages(root, [...packagesFor.build, ...packagesFor.cluster, ...packagesFor.witnesses]);
    const tests = positionals.length > 0 ? positionals : ["packages/rbd-native", "packages/rbd-core"];
    const build = async () => {
      const code = await runInRoot(root, script(tests));
      if (code !== 0) throw new UserError(`It ended with exit code ${code}.`);
    };
    await step(`Building and testing on Debian ${release.number}`, build, { printsItself: true });
  }
} catch (error) {
  fail(error);
}

function parse() {
  try {
    return parseArgs({
      options: {
        release: { type: "string" },
        root: { type: "string" },
        mirror: { type: "string" },
        help: { type: "boolean" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UserError(error.message, usage);
  }
}

function releaseNamed(number) {
  const found = releases.find((release) => release.number === number);
  if (found === undefined)
    throw new UserError(`--release is one of ${releases.map(({ number }) => number).join(", ")}.`, usage);
  return found;
}

function refuseWithoutMeans() {
  if (process.getuid?.() !== 0) throw new UserError("chroot and mounts need root.", `sudo ${usage}`);
  for (const tool of ["debootstrap", "unshare", "chroot"]) {
    try {
      execFileSync("which", [tool], { stdio: "ignore" });
    } catch {
      throw new UserError(`${tool} is not installed.`, "apt-get install debootstrap util-linux coreutils");
    }
  }
}

/** What runs in the root, in the checkout's folder. The binding that another system built is not taken for this one's. */
function script(tests) {
  return `
    set -e
    . /etc/os-release && echo "$PRETTY_NAME, $(ceph --version), Node $(node --version)"
    [ -e packages/rbd-native/build/.other-system ] || rm -rf packages/rbd-native/build
    mkdir -p packages/rbd-native/build && touch packages/rbd-native/build/.other-system
    (cd packages/rbd-native && node scripts/build-native.mjs > /tmp/build.log 2>&1 || { cat /tmp/build.log; exit 1; })
    tsc -p packages/dev-cluster/tsconfig.build.json
    tsc -p packages/rbd-native/tsconfig.build.json
    tsc -p packages/rbd-core/tsconfig.build.json
    node --input-type=module -e '
      import { features, version } from "./packages/rbd-native/dist/index.js";
      console.log("librbd", version(), features());
    '
    vitest run --project unit --project integration ${tests.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}
  `;
}
