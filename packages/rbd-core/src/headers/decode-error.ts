/**
 * Bytes that are not what Ceph would have written there: cut short, damaged, or of a version that only a newer
 * client understands. Says where, so that the object can be looked at with `rados listomapvals`.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** What was being read: an omap key or a structure, such as `snapshot_000000000000000a`. */
  readonly structure: string;
  /** Where in the value, in bytes from its start. */
  readonly offset: number;

  constructor(structure: string, offset: number, problem: string) {
    super(`${structure} cannot be decoded: ${problem}, at byte ${offset}`);
    this.structure = structure;
    this.offset = offset;
  }
}
