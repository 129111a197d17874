import type { Diff } from "./diff-record.ts";

/** What `rbd export --export-format 2` says of an image, beside its contents. */
export interface ImageHeader {
  /** Objects have 2^order bytes. */
  readonly order: number;
  /** RBD feature bits. */
  readonly features: bigint;
  /** In bytes; the object's size for an image without striping. */
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** The image's metadata, in the stream's order. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

/**
 * An image stream that is being read. `diffs` are one for each snapshot, oldest first, and one for the head:
 * the first starts from nothing, each other at the one before. A diff's records must be read before the next
 * diff is asked for; what is left unread of them is skipped then.
 */
export interface ImageStream extends AsyncDisposable {
  readonly header: ImageHeader;
  readonly diffCount: number;
  readonly diffs: AsyncGenerator<Diff, void, undefined>;
}
