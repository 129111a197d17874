import { z } from "zod";
import type { ImageListRow } from "./list.schema.ts";

export const imageGetInput = z.object({
  /** `pool/[namespace/]image`, or the `key` of a row (`pool/namespace/id`) where the name alone does not say which. */
  spec: z.string().min(1).max(1024),
});

/** A snapshot of an image. `id` is a decimal string: it may exceed 2^53. */
export interface SnapshotDetail {
  id: string;
  name: string;
  /** Size of the image at that moment, in bytes. */
  size: number;
  kind: "user" | "group" | "trash" | "mirror" | "unknown";
  protected: boolean;
  createdAt: string;
  /** `key` as in a row: two clones can have the same spec, one of them in the trash. */
  children: { key: string; spec: string; inTrash: boolean }[];
}

/** Everything known of one image. */
export interface ImageDetail extends ImageListRow {
  id: string | null;
  /** Bytes. */
  objectSize: number;
  dataPool: string | null;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  /** The 64 feature bits as a decimal string. */
  featureBits: string;
  flags: string[];
  modifiedAt: string | null;
  snapshots: SnapshotDetail[];
  /** `overlap` in bytes: how much of the image can still be read through its parent. */
  parent: null | { spec: string; snapshot: string; overlap: number; inTrash: boolean };
  /** From the root down to the parent. `snapshot` is the one that the next in line was cloned from. */
  ancestors: { key: string; spec: string; snapshot: string }[];
  children: { key: string; spec: string; snapshot: string; inTrash: boolean }[];
  trash: null | { deletedAt: string; deferredUntil: string };
}
