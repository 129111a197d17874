import { checkBits, checkCount, checkName } from "./internal/check.ts";
import type { NativeNewImage, NativeSetting } from "./internal/native-types.ts";

/** How a new image is laid out; what is left out is the cluster's default. */
export interface NewImageOptions {
  /** The object size as a power of two: 22 is 4 MiB. */
  readonly order?: number | undefined;
  /** Feature bits (see {@link imageFeatures}). */
  readonly features?: bigint | undefined;
  /** Bytes; a factor of the object size. */
  readonly stripeUnit?: number | undefined;
  /** Objects that a stripe goes over. */
  readonly stripeCount?: number | undefined;
  /** The pool that data objects go to; the pool of the image without it. */
  readonly dataPool?: string | undefined;
  readonly journalOrder?: number | undefined;
  readonly journalSplayWidth?: number | undefined;
  readonly journalPool?: string | undefined;
}

export interface CloneOptions extends NewImageOptions {
  /** 2 needs no protected snapshot; without it the cluster's `rbd default clone format` decides. */
  readonly cloneFormat?: 1 | 2 | undefined;
}

export interface CopyOptions extends NewImageOptions {
  /** Copy what a clone shares with its parent, too (deep copy only). */
  readonly flatten?: boolean | undefined;
}

/** The options, checked, in the form that the compiled part takes. */
export function toNativeNewImage(
  call: string,
  object: string,
  o: (CloneOptions & CopyOptions) | undefined,
): NativeNewImage {
  if (o === undefined) return {};
  const count = (name: string, value: number | undefined) =>
    value === undefined ? undefined : checkCount(call, object, name, value);
  const name = (what: string, value: string | undefined) =>
    value === undefined ? undefined : checkName(call, object, what, value);
  return {
    order: count("order", o.order),
    features: o.features === undefined ? undefined : checkBits(call, object, "features", o.features),
    stripeUnit: count("stripeUnit", o.stripeUnit),
    stripeCount: count("stripeCount", o.stripeCount),
    dataPool: name("dataPool", o.dataPool),
    journalOrder: count("journalOrder", o.journalOrder),
    journalSplayWidth: count("journalSplayWidth", o.journalSplayWidth),
    journalPool: name("journalPool", o.journalPool),
    cloneFormat: count("cloneFormat", o.cloneFormat),
    flatten: o.flatten,
  };
}

/** The feature bits of an image, by the names that `rbd info` shows. From rbd/features.h. */
export const imageFeatures = {
  layering: 1n << 0n,
  striping: 1n << 1n,
  "exclusive-lock": 1n << 2n,
  "object-map": 1n << 3n,
  "fast-diff": 1n << 4n,
  "deep-flatten": 1n << 5n,
  journaling: 1n << 6n,
  "data-pool": 1n << 7n,
  operations: 1n << 8n,
  migrating: 1n << 9n,
  "non-primary": 1n << 10n,
  "dirty-cache": 1n << 11n,
} as const;

export type ImageFeature = keyof typeof imageFeatures;

/** Bits of {@link Image.flags}. */
export const imageFlags = { objectMapInvalid: 1n << 0n, fastDiffInvalid: 1n << 1n } as const;

/** The names of the bits that are set, lowest first; bits of a newer Ceph have none. */
export function featureNames(features: bigint): ImageFeature[] {
  const names = Object.keys(imageFeatures) as ImageFeature[];
  return names.filter((name) => (features & imageFeatures[name]) !== 0n);
}

const settingSources = ["config", "pool", "image"] as const;

/** A setting of librbd as it is in force, and where it was set. */
export interface ConfigurationEntry {
  readonly name: string;
  readonly value: string;
  readonly source: (typeof settingSources)[number] | "unknown";
}

export function toConfigurationEntries(found: readonly NativeSetting[]): ConfigurationEntry[] {
  return found.map((entry) => ({ ...entry, source: settingSources[entry.source] ?? "unknown" }));
}
