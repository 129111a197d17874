import { type Comparison, comparisons } from "./read-steps.ts";

/** One step of a compound write. All steps are done, or none. */
export interface WriteStep {
  /** For the compiled part: [kind, …arguments]. */
  readonly native: readonly unknown[];
}

type Bytes = string | Uint8Array;

/** The steps that {@link ObjectStore.write} takes. Strings are written as UTF-8. */
export const writeSteps = {
  /** Wraps rados_write_op_assert_exists. */
  assertExists: (): WriteStep => ({ native: ["assertExists"] }),
  /** Wraps rados_write_op_assert_version. */
  assertVersion: (version: bigint): WriteStep => ({ native: ["assertVersion", version] }),
  /** Nothing is written unless the object holds this data. Wraps rados_write_op_cmpext. */
  compareData: (offset: number, data: Bytes): WriteStep => ({ native: ["compareData", offset, data] }),
  /** Nothing is written unless an attribute compares so. Wraps rados_write_op_cmpxattr. */
  compareXattr: (name: string, how: Comparison, value: Bytes): WriteStep => ({
    native: ["compareXattr", name, comparisons[how], value],
  }),
  /** Nothing is written unless an entry of the map compares so. Wraps rados_write_op_omap_cmp2. */
  compareOmap: (key: string, how: Comparison, value: Bytes): WriteStep => ({
    native: ["compareOmap", key, comparisons[how], value],
  }),
  /** With `exclusive` it fails (EXISTS) when the object is there. Wraps rados_write_op_create. */
  create: (o?: { readonly exclusive?: boolean }): WriteStep => ({
    native: ["create", o?.exclusive === true],
  }),
  /** Wraps rados_write_op_write. */
  write: (offset: number, data: Bytes): WriteStep => ({ native: ["write", offset, data] }),
  /** Replaces the object's data. Wraps rados_write_op_write_full. */
  writeFull: (data: Bytes): WriteStep => ({ native: ["writeFull", data] }),
  /** Fills a range with a pattern. Wraps rados_write_op_writesame. */
  writeSame: (offset: number, length: number, pattern: Bytes): WriteStep => ({
    native: ["writeSame", offset, length, pattern],
  }),
  /** Wraps rados_write_op_append. */
  append: (data: Bytes): WriteStep => ({ native: ["append", data] }),
  /** Wraps rados_write_op_remove. */
  remove: (): WriteStep => ({ native: ["remove"] }),
  /** Wraps rados_write_op_truncate. */
  truncate: (size: number): WriteStep => ({ native: ["truncate", size] }),
  /** Wraps rados_write_op_zero. */
  zero: (offset: number, length: number): WriteStep => ({ native: ["zero", offset, length] }),
  /** Wraps rados_write_op_setxattr. */
  setXattr: (name: string, value: Bytes): WriteStep => ({ native: ["setXattr", name, value] }),
  /** Wraps rados_write_op_rmxattr. */
  removeXattr: (name: string): WriteStep => ({ native: ["removeXattr", name] }),
  /** Sets entries of the object's map, leaving others. Wraps rados_write_op_omap_set2. */
  setOmap: (entries: ReadonlyMap<string, Bytes>): WriteStep => ({
    native: ["setOmap", [...entries.keys()], [...entries.values()]],
  }),
  /** Wraps rados_write_op_omap_rm_keys2. */
  removeOmapKeys: (keys: readonly string[]): WriteStep => ({ native: ["removeOmapKeys", keys] }),
  /** Wraps rados_write_op_omap_clear. */
  clearOmap: (): WriteStep => ({ native: ["clearOmap"] }),
  /** Calls a method of an object class that writes. Wraps rados_write_op_exec. */
  exec: (className: string, method: string, input: Bytes = ""): WriteStep => ({
    native: ["exec", className, method, input],
  }),
} as const;
