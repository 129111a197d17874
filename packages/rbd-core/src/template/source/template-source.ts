/** Where a template comes from. A stream is read once, from where it stands. */
export type TemplateSource =
  | AsyncIterable<Uint8Array>
  /** A file or block device of this machine. */
  | { file: string }
  /** `http:` or `https:`. */
  | { url: string | URL; headers?: Readonly<Record<string, string>> };

/** A source that has been opened. Disposing ends it early. */
export interface OpenedSource extends AsyncDisposable {
  /** Each piece is good until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
  /** Bytes, as far as the source knows. */
  size: number | null;
  /** For messages: the path, the URL, or "the stream". */
  name: string;
  /** The path, when it is a file that can be read again. */
  file: string | null;
}
