import { checkBits, checkBytes, checkCount, checkName, checkText, refuse } from "../internal/check.ts";

/** One step of a compound read; `Result` is the type of its result. */
export interface ReadStep<Result> {
  /** For the compiled part: [kind, …arguments]. */
  readonly native: readonly unknown[];
  readonly convert: (raw: unknown) => Result;
}

export interface OmapPage {
  readonly entries: Map<string, Buffer>;
  /** There is more after the last key. */
  readonly more: boolean;
}

/** A page of an object's map as received: all keys and values in one buffer, for callers that read thousands of them. */
export interface PackedOmapPage {
  readonly data: Buffer;
  /** In bytes: of a key, its value, the next key, … */
  readonly lengths: Uint32Array;
  /** There is more after the last key. */
  readonly more: boolean;
}

export interface ObjectStat {
  readonly size: number;
  readonly modified: Date;
}

export interface OmapRange {
  /** Only keys after this one. */
  readonly startAfter?: string | undefined;
  /** Only keys that begin with this. */
  readonly prefix?: string | undefined;
  /** The largest number of entries; the OSD may return fewer and then sets `more`. */
  readonly limit?: number | undefined;
}

/** How a value of the object is compared with the one given: `value-on-object <op> given`. */
const comparisons = {
  equal: 1,
  different: 2,
  greater: 3,
  greaterOrEqual: 4,
  less: 5,
  lessOrEqual: 6,
} as const;
type Comparison = keyof typeof comparisons;

/** More than one page ever holds, so that the OSD's own limit decides. */
const NO_LIMIT = 2 ** 32;

const nothing = (): undefined => undefined;
const packedPage = (raw: unknown) => raw as PackedOmapPage;
const page = (raw: unknown): OmapPage => {
  const packed = packedPage(raw);
  return { entries: toEntries(packed), more: packed.more };
};
const omapOf = ({ startAfter, prefix, limit }: OmapRange) => [
  "omapValues",
  startAfter ?? "",
  prefix ?? "",
  limit ?? NO_LIMIT,
];

/** The steps that {@link ObjectStore.read} takes. */
export const readSteps = {
  /** Keys and values of the object's map. Wraps rados_read_op_omap_get_vals2. */
  omap(o: OmapRange = {}): ReadStep<OmapPage> {
    return { native: omapOf(o), convert: page };
  },

  /** As {@link omap}, in one buffer, which takes a tenth of the memory. */
  packedOmap(o: OmapRange = {}): ReadStep<PackedOmapPage> {
    return { native: omapOf(o), convert: packedPage };
  },

  /** Keys of the object's map. Wraps rados_read_op_omap_get_keys2. */
  omapKeys(o: Omit<OmapRange, "prefix"> = {}): ReadStep<{ keys: string[]; more: boolean }> {
    return {
      native: ["omapKeys", o.startAfter ?? "", o.limit ?? NO_LIMIT],
      convert: (raw) => {
        const { entries, more } = page(raw);
        return { keys: [...entries.keys()], more };
      },
    };
  },

  /** The values of some keys, those that are there. Wraps rados_read_op_omap_get_vals_by_keys2. */
  omapValues(keys: readonly string[]): ReadStep<Map<string, Buffer>> {
    return { native: ["omapValuesOf", keys], convert: (raw) => page(raw).entries };
  },

  /** All extended attributes. Wraps rados_read_op_getxattrs. */
  xattrs(): ReadStep<Map<string, Buffer>> {
    return { native: ["xattrs"], convert: (raw) => toEntries(raw as { data: Buffer; lengths: Uint32Array }) };
  },

  /** Wraps rados_read_op_stat. */
  stat(): ReadStep<ObjectStat> {
    return {
      native: ["stat"],
      convert: (raw) => {
        const { size, modified } = raw as { size: number; modified: number };
        return { size, modified: new Date(modified) };
      },
    };
  },

  /** Bytes of the object, fewer where it ends earlier. Wraps rados_read_op_read. */
  read(offset: number, length: number): ReadStep<Buffer> {
    return {
      native: ["read", offset, length],
      convert: (raw) => {
        const { data, count } = raw as { data: Buffer; count: number };
        return data.subarray(0, count);
      },
    };
  },

  /** Calls a method of an object class. Wraps rados_read_op_exec. */
  exec(className: string, method: string, input: Uint8Array = new Uint8Array()): ReadStep<Buffer> {
    return { native: ["exec", className, method, input], convert: (raw) => raw as Buffer };
  },

  /** The whole read fails (NOT_FOUND) unless the object exists. Wraps rados_read_op_assert_exists. */
  assertExists(): ReadStep<undefined> {
    return { native: ["assertExists"], convert: nothing };
  },

  /** The object's version, which every write raises. Wraps rados_aio_get_version. */
  version(): ReadStep<bigint> {
    return { native: ["version"], convert: (raw) => raw as bigint };
  },

  /** The whole read fails unless the object is at this version. Wraps rados_read_op_assert_version. */
  assertVersion(version: bigint): ReadStep<undefined> {
    return { native: ["assertVersion", version], convert: nothing };
  },

  /** The whole read fails unless the object holds this data. Wraps rados_read_op_cmpext. */
  compareData(offset: number, data: Uint8Array): ReadStep<undefined> {
    return { native: ["compareData", offset, data], convert: nothing };
  },

  /** The whole read fails (CANCELED) unless an attribute compares so. Wraps rados_read_op_cmpxattr. */
  compareXattr(name: string, how: Comparison, value: string | Uint8Array): ReadStep<undefined> {
    return { native: ["compareXattr", name, comparisons[how], value], convert: nothing };
  },

  /** The whole read fails (CANCELED) unless an entry of the map compares so. Wraps rados_read_op_omap_cmp2. */
  compareOmap(key: string, how: Comparison, value: string | Uint8Array): ReadStep<undefined> {
    return { native: ["compareOmap", key, comparisons[how], value], convert: nothing };
  },
} as const;

/** One step of a compound write. */
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
    native: ["create", o?.exclusive ?? false],
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

type Check = (call: string, object: string, what: string, value: unknown) => unknown;

/** The most that one step reads or writes, in bytes. */
const MOST = 2 ** 30;

const checkLength: Check = (call, object, what, value) => {
  if (checkCount(call, object, what, value) > MOST) refuse(call, object, `${what} must be at most ${MOST}`);
};

const checkData: Check = (call, object, what, value) => {
  const size =
    typeof value === "string" ? Buffer.byteLength(value) : checkBytes(call, object, what, value).byteLength;
  if (size > MOST) refuse(call, object, `${what} must be at most ${MOST} bytes`);
  if (typeof value === "string" && !value.isWellFormed()) {
    refuse(call, object, `${what} must be well-formed Unicode`);
  }
};

const checkComparison: Check = (call, object, what, value) => {
  if (Object.values(comparisons).some((known) => known === value)) return;
  refuse(call, object, `${what} must be one of ${Object.keys(comparisons).join(", ")}`);
};

const checkBoolean: Check = (call, object, what, value) => {
  if (typeof value !== "boolean") refuse(call, object, `${what} must be true or false`);
};

const listOf =
  (check: Check): Check =>
  (call, object, what, value) => {
    if (!Array.isArray(value)) return refuse(call, object, `${what} must be a list`);
    const each = `each of ${what}`;
    for (const item of value) check(call, object, each, item);
  };

/** What each kind of step takes, in the order of its arguments. */
type Arguments = Readonly<Record<string, readonly (readonly [what: string, check: Check])[]>>;

const conditions: Arguments = {
  assertExists: [],
  assertVersion: [["version", checkBits]],
  compareData: [
    ["offset", checkCount],
    ["data", checkData],
  ],
  compareXattr: [
    ["name", checkName],
    ["how", checkComparison],
    ["value", checkData],
  ],
  compareOmap: [
    ["key", checkText],
    ["how", checkComparison],
    ["value", checkData],
  ],
};

const exec: Arguments[string] = [
  ["className", checkName],
  ["method", checkName],
  ["input", checkData],
];

const argumentsOf: Readonly<Record<"read" | "write", Arguments>> = {
  read: {
    ...conditions,
    exec,
    stat: [],
    version: [],
    xattrs: [],
    read: [
      ["offset", checkCount],
      ["length", checkLength],
    ],
    omapValues: [
      ["startAfter", checkText],
      ["prefix", checkText],
      ["limit", checkCount],
    ],
    omapKeys: [
      ["startAfter", checkText],
      ["limit", checkCount],
    ],
    omapValuesOf: [["keys", listOf(checkText)]],
  },
  write: {
    ...conditions,
    exec,
    create: [["exclusive", checkBoolean]],
    write: [
      ["offset", checkCount],
      ["data", checkData],
    ],
    writeFull: [["data", checkData]],
    writeSame: [
      ["offset", checkCount],
      ["length", checkCount],
      ["pattern", checkData],
    ],
    append: [["data", checkData]],
    remove: [],
    truncate: [["size", checkCount]],
    zero: [
      ["offset", checkCount],
      ["length", checkCount],
    ],
    setXattr: [
      ["name", checkName],
      ["value", checkData],
    ],
    removeXattr: [["name", checkName]],
    setOmap: [
      ["keys", listOf(checkText)],
      ["values", listOf(checkData)],
    ],
    removeOmapKeys: [["keys", listOf(checkText)]],
    clearOmap: [],
  },
};

/**
 * The steps in the form that the compiled part takes, which copies what they refer to when it is called.
 *
 * @throws RbdError INVALID_ARGUMENT for a step whose arguments are not valid, or that this call does not take.
 */
export function checkSteps(
  kind: "read" | "write",
  call: string,
  object: string,
  steps: readonly { readonly native: readonly unknown[] }[],
): (readonly unknown[])[] {
  if (!Array.isArray(steps)) return refuse(call, object, "steps must be a list");
  return steps.map((step, i) => {
    const [name, ...given] = (step?.native ?? []) as [string?, ...unknown[]];
    const known =
      name !== undefined && Object.hasOwn(argumentsOf[kind], name) ? argumentsOf[kind][name] : undefined;
    if (known === undefined) return refuse(call, object, `step ${i} is not a step of a ${kind}`);
    for (const [at, [what, check]] of known.entries()) {
      check(call, object, `${what} of step ${i} (${name})`, given[at]);
    }
    return step.native;
  });
}

/**
 * Unpacks keys and values: the compiled part gives all bytes in one buffer, and the length of each key and value. The
 * values are views of that buffer.
 */
function toEntries({ data, lengths }: { data: Buffer; lengths: Uint32Array }): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  let at = 0;
  for (let i = 0; i < lengths.length; i += 2) {
    const value = at + (lengths[i] as number);
    const end = value + (lengths[i + 1] as number);
    entries.set(data.toString("utf8", at, value), data.subarray(value, end));
    at = end;
  }
  return entries;
}
