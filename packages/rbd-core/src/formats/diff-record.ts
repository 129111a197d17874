/** What a diff says before its extents. */
export interface DiffHeader {
  /** The snapshot it starts from; absent in a diff from nothing. */
  readonly from?: string;
  /** The snapshot it leads to; absent in a diff to an image's head. */
  readonly to?: string;
  /** Whether the snapshot it leads to is protected. Version 2 alone knows. */
  readonly protected?: boolean;
  /** The image's size at the end, in bytes. */
  readonly size: number;
}

/**
 * A diff's extents as they pass by. A `write` announces `length` bytes from `offset` on, and is followed by
 * `data` pieces, each with its own offset in the image, that make up exactly those bytes. Nothing else stands
 * between them. A `zero` stands alone.
 */
export type DiffRecord =
  | { readonly type: "write"; readonly offset: number; readonly length: number }
  | { readonly type: "data"; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: "zero"; readonly offset: number; readonly length: number };

export type DiffVersion = 1 | 2;

/** A diff that is being read: its header is known, its records are still to come, once. */
export interface Diff extends AsyncDisposable {
  readonly version: DiffVersion;
  readonly header: DiffHeader;
  readonly records: AsyncGenerator<DiffRecord, void, undefined>;
}
