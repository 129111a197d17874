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
