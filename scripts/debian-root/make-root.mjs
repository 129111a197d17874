import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { step, UserError } from "../prepare/output.mjs";
import { run } from "../prepare/run.mjs";
import { inNamespaces } from "./in-namespaces.mjs";

/**
 * Makes a root of a Debian release, unless it is there. An unfinished one lies beside it and is made anew.
 * @param {string} root @param {import("./releases.mjs").Release} release @param {string} mirror
 */
export async function makeRoot(root, release, mirror) {
  // Written last into a root that debootstrap finished: what does not hold it was not made here, or not whole.
  const mark = `etc/coppice-debian-${release.number}`;
  if (existsSync(join(root, mark))) return;
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new UserError(
      `${root} is not empty, and not a root that this script made.`,
      "Give another --root.",
    );
  }
  const unfinished = `${root}.unfinished`;
  removeFolder(unfinished);
  mkdirSync(dirname(root), { recursive: true });
  await step(`Making a Debian ${release.number} root in ${root} from ${mirror}`, async (detail) => {
    // An older debootstrap does not know newer releases' names; all are made as sid is.
    const script = "/usr/share/debootstrap/scripts/sid";
    await run("debootstrap", ["--variant=minbase", release.codename, unfinished, mirror, script], {
      env: { ...process.env, ...proxies() },
      detail,
      help: `Can this machine reach ${mirror}? Another one: --mirror URL`,
    });
    // Nothing that is installed starts its services.
    writeFileSync(join(unfinished, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    writeFileSync(join(unfinished, mark), `${mirror}\n`);
    if (existsSync(root)) execFileSync("rmdir", [root]);
    renameSync(unfinished, root);
  });
}

/** @param {string} root @param {string[]} packages */
export async function installPackages(root, packages) {
  const installed = readFileSync(join(root, "var/lib/dpkg/status"), "utf8")
    .split("\n\n")
    .filter((entry) => /^Status: install ok installed$/m.test(entry))
    .map((entry) => /^Package: (.*)$/m.exec(entry)?.[1]);
  if (packages.every((name) => installed.includes(name))) return;
  writeFileSync(join(root, "etc/apt/apt.conf.d/90machine"), aptSettings());
  const env = {
    ...process.env,
    DEBIAN_FRONTEND: "noninteractive",
    ROOT: root,
    PACKAGES: packages.join(" "),
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  };
  const [command, args] = inNamespaces(`
    chroot "$ROOT" apt-get -q update
    chroot "$ROOT" apt-get -qy install --no-install-recommends $PACKAGES
  `);
  await step(`Installing ${packages.join(" ")}`, (detail) => run(command, args, { env, detail }));
}

/** How this machine's apt reaches its mirrors, for the root's: proxies, and whether dates are checked. */
function aptSettings() {
  return execFileSync("apt-config", ["dump"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => /^Acquire::(https?|Check-\w+|Check-Valid-Until|Retries)\b.*".+";$/i.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

/** debootstrap does not read apt's settings. */
function proxies() {
  const set = {};
  for (const line of aptSettings().split("\n")) {
    const match = /^Acquire::(https?)::Proxy "(.+)";$/i.exec(line);
    if (match && !process.env[`${match[1]}_proxy`]) set[`${match[1].toLowerCase()}_proxy`] = match[2];
  }
  return set;
}

/** Never reaches into anything that is mounted there (a debootstrap that was killed leaves /proc behind). */
function removeFolder(folder) {
  if (!existsSync(folder)) return;
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point) => point?.startsWith(`${folder}/`));
  if (mounts.length > 0) {
    throw new UserError(`${mounts.join(", ")} is still mounted.`, `umount ${mounts.reverse().join(" ")}`);
  }
  execFileSync("rm", ["-r", "--one-file-system", folder]);
}
