import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { root as checkout } from "../prepare/toolchain.mjs";
import { inNamespaces } from "./in-namespaces.mjs";

/**
 * Runs a shell script in the root, at the checkout as it is now; what it writes there goes to a folder beside the root.
 * Resolves with its exit code.
 * @param {string} root @param {string} script
 */
export async function runInRoot(root, script) {
  // One for each checkout: what was built from one is not older or newer than the sources of another.
  const layer = `${root}.checkout-${createHash("sha256").update(checkout).digest("hex").slice(0, 8)}`;
  for (const folder of ["upper", "work"]) mkdirSync(join(layer, folder), { recursive: true });
  mkdirSync(join(root, "coppice"), { recursive: true });
  const [command, args] = inNamespaces(`
    mount -t overlay overlay -o "lowerdir=$CHECKOUT,upperdir=$LAYER/upper,workdir=$LAYER/work" "$ROOT/coppice"
    export PATH=/coppice/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
    chroot "$ROOT" /bin/sh -c 'cd /coppice && eval "$SCRIPT"'
  `);
  const child = spawn(command, args, {
    env: { ...process.env, ROOT: root, CHECKOUT: checkout, LAYER: layer, SCRIPT: script },
    stdio: "inherit",
  });
  // Ctrl-C reaches the tests by themselves; unshare does not heed what only this process is sent.
  const stay = () => {};
  const end = () => child.kill("SIGKILL");
  process.on("SIGINT", stay).on("SIGTERM", end).on("SIGHUP", end);
  try {
    const [code] = await once(child, "close");
    return code ?? 1;
  } finally {
    process.off("SIGINT", stay).off("SIGTERM", end).off("SIGHUP", end);
  }
}
