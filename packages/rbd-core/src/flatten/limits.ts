import { CoppiceError } from "../errors/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";

/**
 * How many images an image may have above it before flattening starts. The same two limits, with the same meaning and
 * default values, as ceph-csi's `rbdsoftmaxclonedepth` and `rbdhardmaxclonedepth`.
 */
export interface DepthLimits {
  /** From this depth on an image is flattened in the background when it is cloned. */
  soft: number;
  /** From this depth on an image has to be flattened before it is cloned again. */
  hard: number;
}

export const defaultDepthLimits: Readonly<DepthLimits> = { soft: 4, hard: 8 };

export interface DepthVerdict {
  action: "none" | "flatten-later" | "flatten-first";
  /** One sentence without a full stop. */
  reason: string;
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless both are whole numbers above 0 and soft is not above hard. */
export function checkDepthLimits(limits: DepthLimits): void {
  const { soft, hard } = limits;
  if (Number.isSafeInteger(soft) && Number.isSafeInteger(hard) && soft >= 1 && hard >= soft) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "checkDepthLimits",
    message: `a soft limit of ${soft} and a hard limit of ${hard} are not depth limits`,
    hint: "Give two whole numbers from 1 on, the soft limit not above the hard one.",
  });
}

/**
 * Decides whether an image is flattened when it is cloned. Pure.
 *
 * @param depth How many images are above it; a parent in the trash counts like any other.
 */
export function evaluateDepth(depth: number, limits: DepthLimits = defaultDepthLimits): DepthVerdict {
  const images = `${depth} image${depth === 1 ? "" : "s"} above it`;
  if (depth >= limits.hard) {
    return { action: "flatten-first", reason: `it has ${images}, and the hard limit is ${limits.hard}` };
  }
  if (depth >= limits.soft) {
    return { action: "flatten-later", reason: `it has ${images}, and the soft limit is ${limits.soft}` };
  }
  return { action: "none", reason: `it has ${images}, fewer than the soft limit of ${limits.soft}` };
}

/**
 * How many snapshots an image may have before the clones of its removed ones are flattened. The kernel client maps
 * an image with at most 510; the two values are ceph-csi's `minsnapshotsonimage` and `maxsnapshotsonimage`.
 */
export interface SnapshotLimits {
  /** Above this, the clones of the oldest removed snapshots are flattened in the background. */
  soft: number;
  /** Above this, they have to be flattened before another snapshot is created. */
  hard: number;
}

export const defaultSnapshotLimits: Readonly<SnapshotLimits> = { soft: 250, hard: 450 };

export interface SnapshotVerdict {
  action: "none" | "flatten-later" | "flatten-first";
  /** Removed snapshots that clones still depend on, oldest first. Ceph removes each one when its clones are flattened. */
  release: SnapshotRow[];
}

/**
 * Decides whether an image has too many snapshots, and which of them flattening would release: only those that were
 * removed but are kept in the trash for their clones, never a user's snapshot. Pure.
 */
export function evaluateSnapshots(
  snapshots: readonly SnapshotRow[],
  limits: SnapshotLimits = defaultSnapshotLimits,
): SnapshotVerdict {
  const excess = snapshots.length - limits.soft;
  if (excess <= 0) return { action: "none", release: [] };
  const release = snapshots
    .filter(({ kind }) => kind === "trash")
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, excess);
  return { action: snapshots.length > limits.hard ? "flatten-first" : "flatten-later", release };
}
