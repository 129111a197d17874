/** The user that the daemons run as: the caller's own, root too. */
export function currentUid(): number {
  // Defined on every system that has Ceph's daemons.
  return process.getuid?.() ?? 0;
}
