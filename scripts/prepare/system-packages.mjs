import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { step, UserError } from "./output.mjs";
import { run } from "./run.mjs";

/** Debian's names of what each part of the work needs. */
export const packagesFor = {
  build: ["g++", "make", "python3", "librbd-dev", "librados-dev", "libradospp-dev", "libxxhash-dev"],
  cluster: ["ceph-mon", "ceph-mgr", "ceph-osd", "ceph-common"],
  browser: ["chromium", "fonts-liberation"],
  witnesses: ["python3-rbd", "libvirt-clients", "libxml2-utils"],
  cinder: ["python3-cinder", "python3-os-brick"],
};

/** What stands for a package on a system without dpkg. */
const evidence = {
  "g++": ["/usr/bin/g++"],
  make: ["/usr/bin/make"],
  python3: ["/usr/bin/python3"],
  "librbd-dev": ["/usr/include/rbd/librbd.h"],
  "librados-dev": ["/usr/include/rados/librados.h"],
  "libradospp-dev": ["/usr/include/rados/librados.hpp"],
  "libxxhash-dev": ["/usr/include/xxhash.h"],
  "ceph-mon": ["/usr/bin/ceph-mon"],
  "ceph-mgr": ["/usr/bin/ceph-mgr"],
  "ceph-osd": ["/usr/bin/ceph-osd"],
  "ceph-common": ["/usr/bin/ceph"],
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  "fonts-liberation": ["/usr/share/fonts"],
  "python3-rbd": ["/usr/bin/rbd"],
  "libvirt-clients": ["/usr/bin/virt-xml-validate"],
  "libxml2-utils": ["/usr/bin/xmllint"],
  "python3-cinder": ["/usr/lib/python3/dist-packages/cinder"],
  "python3-os-brick": ["/usr/lib/python3/dist-packages/os_brick"],
};

/**
 * Installs the Debian packages that are missing: as root at once, otherwise with sudo after asking.
 * @param {(keyof typeof packagesFor)[]} parts
 */
export async function installSystemPackages(parts) {
  const wanted = parts.flatMap((part) => packagesFor[part]);
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;

  const byHand = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (!hasApt()) {
    throw new UserError(
      `These are missing on this machine: ${missing.join(", ")} (Debian's names).`,
      "Only Debian and Ubuntu are installed automatically. Install the equivalents with your package manager, then try again.",
    );
  }
  const prefix = await rightToInstall(missing, byHand);
  const [command, ...before] = [...prefix, "apt-get"];
  const options = ["-o", "DPkg::Lock::Timeout=300", "-q"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const help = `Is the network reachable, and is the package in your distribution? By hand:  sudo apt-get update && sudo ${byHand}`;
  await step(`Installing system packages: ${missing.join(" ")}`, async (detail) => {
    await run(command, [...before, ...options, "update"], { env, detail, help });
    await run(command, [...before, ...options, "install", "-y", "--no-install-recommends", ...missing], {
      env,
      detail,
      help,
    });
  });
  const still = missingPackages(wanted);
  if (still.length > 0)
    throw new UserError(`apt-get succeeded, yet these are still missing: ${still.join(", ")}.`, help);
}

const hasApt = () => existsSync("/usr/bin/apt-get") && existsSync("/usr/bin/dpkg-query");

function missingPackages(wanted) {
  if (!hasApt()) {
    return wanted.filter((name) => !(evidence[name] ?? []).some((path) => existsSync(path)));
  }
  const installed = installedPackages(wanted);
  // A Chromium that came another way (a snap, Google's package) serves as well.
  return wanted.filter(
    (name) => !installed.has(name) && !(name === "chromium" && evidence.chromium.some(existsSync)),
  );
}

function installedPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own placeholders.
  const args = ["-W", "-f", "${binary:Package} ${db:Status-Status}\n", ...names];
  let table;
  try {
    table = execFileSync("dpkg-query", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    // dpkg-query exits with 1 when it does not know one of the names, and still prints the others.
    table = String(error.stdout ?? "");
  }
  return new Set(
    table
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(/[: ]/)[0]),
  );
}

/** The words that come before `apt-get`: none for root, sudo after a yes. */
async function rightToInstall(missing, byHand) {
  if (process.getuid?.() === 0) return [];
  const refuse = (why) =>
    new UserError(
      `System packages are missing: ${missing.join(", ")}. ${why}`,
      `By hand, as root:  ${byHand}`,
    );
  if (!["/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo"].some((path) => existsSync(path))) {
    throw refuse("You are not root, and there is no sudo.");
  }
  if (process.env.COPPICE_YES === "1") return ["sudo", "-n"];
  if (!process.stdin.isTTY)
    throw refuse("Nobody is at the terminal to allow sudo (COPPICE_YES=1 allows it).");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Install ${missing.join(" ")} with sudo apt-get? [Y/n] `);
  terminal.close();
  if (!/^(y|yes|)$/i.test(answer.trim())) throw refuse("Nothing was installed.");
  execFileSync("sudo", ["-v"], { stdio: "inherit" });
  return ["sudo"];
}

/** The name of this system, for messages. */
export function systemName() {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}
