import { z } from "zod";

/** An image spec as a person types it; the SDK's parser has the last word on it. */
const spec = z.string().trim().min(1).max(1024);

export const cloneInput = z.object({
  /** `pool/[namespace/]image`, or with `@snapshot` to clone exactly that one. */
  source: spec,
  /** `pool/[namespace/]image` that does not exist yet. */
  target: spec,
});

export type CloneInput = z.output<typeof cloneInput>;

/** What a clone would do, decided by looking at the cluster and without changing it. */
export interface ClonePlanView {
  snapshot: { name: string; action: "reuse" | "create"; reason: string };
  /** Whether the snapshot has to be protected first. */
  protect: boolean;
  cloneFormat: 1 | 2;
  features: string[];
  /** Bytes. */
  objectSize: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  /** Depth of the clone in its tree: 1 is a clone of a root. */
  depth: number;
  /** Bytes. */
  size: number;
  warnings: string[];
}
