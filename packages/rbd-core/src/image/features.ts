import { type ImageFeature, imageFeatures } from "rbd-native";

export { type ImageFeature, imageFeatures };

/** The bits `RBD_FLAG_*` of `rbd/librbd.h`, by the names that `rbd info` prints. */
export const imageFlags = {
  "object map invalid": 1n << 0n,
  "fast diff invalid": 1n << 1n,
} as const;

/** The names of the features in `bits`, lowest bit first. A bit without a name becomes `bit 12`. */
export function featureNames(bits: bigint): string[] {
  return bitNames(imageFeatures, bits);
}

/** The names of the flags in `bits`, lowest bit first. A bit without a name becomes `bit 12`. */
export function flagNames(bits: bigint): string[] {
  return bitNames(imageFlags, bits);
}

/** The bits of the named features, combined. */
export function featureBits(names: readonly ImageFeature[]): bigint {
  return names.reduce((bits, name) => bits | imageFeatures[name], 0n);
}

function bitNames(table: Readonly<Record<string, bigint>>, bits: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0n; bits >> bit > 0n; bit++) {
    const mask = 1n << bit;
    if ((bits & mask) === 0n) continue;
    names.push(Object.entries(table).find(([, value]) => value === mask)?.[0] ?? `bit ${bit}`);
  }
  return names;
}
