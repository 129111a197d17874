import { CoppiceError } from "../errors/coppice-error.ts";

/**
 * How many images may lie above one another before flattening starts. The same two limits, with the same meaning and
 * default values, as ceph-csi's `rbdsoftmaxclonedepth` and `rbdhardmaxclonedepth`.
 */
export interface DepthLimits {
  /** From this depth on an image is flattened in the background; cloning it goes on. */
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
    message: `a soft limit of ${soft} and a hard limit of ${hard} are no depth limits`,
    hint: "Both are whole numbers from 1 on, and the soft limit is not above the hard one.",
  });
}

/**
 * Says what is to be done with an image before or after it is cloned. Pure.
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
