import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { root as checkout } from "../prepare/places.mjs";
import { runInForeground } from "../prepare/run.mjs";

/**
 * Runs a shell script in the root, at the checkout as it is now; what it writes there goes to a folder beside the root.
 * Resolves with its exit code.
 *
 * Mounts and processes live in namespaces of their own: however this ends, even killed, the kernel unmounts everything
 * and ends everything, and the machine never sees a mount in the root's folder.
 * @param {string} root @param {string} script
 */
export async function runInRoot(root, script) {
  const layer = `${root}.checkout`;
  for (const folder of ["upper", "work"]) mkdirSync(join(layer, folder), { recursive: true });
  for (const folder of ["dev", "proc", "coppice"]) mkdirSync(join(root, folder), { recursive: true });
  const mounts = `
    set -e
    mount --rbind /dev "$ROOT/dev"
    mount -t proc proc "$ROOT/proc"
    mount -t overlay overlay -o "lowerdir=$CHECKOUT,upperdir=$LAYER/upper,workdir=$LAYER/work" "$ROOT/coppice"
    export PATH=/coppice/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
    chroot "$ROOT" /bin/sh -c 'cd /coppice && eval "$SCRIPT"'
    # Not the shell's last command: it stays as the first process and takes in those that lost their parents.
    exit $?
  `;
  const namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];
  return await runInForeground("unshare", [...namespaces, "/bin/sh", "-c", mounts], {
    env: { ...process.env, ROOT: root, CHECKOUT: checkout, LAYER: layer, SCRIPT: script },
  });
}
