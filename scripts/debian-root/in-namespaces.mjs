const namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];

/**
 * The command that runs a shell script where mounts and processes are its own: however it ends, even killed, the kernel
 * unmounts everything and ends everything, and the machine never sees a mount in the root's folder. `$ROOT` has its
 * /dev, /proc and /sys.
 * @param {string} script @returns {[command: string, args: string[]]}
 */
export function inNamespaces(script) {
  const mounts = `
    set -e
    mount --rbind /dev "$ROOT/dev"
    mount -t proc proc "$ROOT/proc"
    mount -t sysfs -o ro sysfs "$ROOT/sys"
    ${script}
    # Not the shell's last command: it stays as the first process and takes in those that lost their parents.
    exit $?
  `;
  return ["unshare", [...namespaces, "/bin/sh", "-c", mounts]];
}
