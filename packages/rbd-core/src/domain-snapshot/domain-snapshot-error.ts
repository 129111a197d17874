/**
 * Every `code` a {@link DomainSnapshotError} can carry. The set is closed.
 *
 * What the text is:
 * - `TOO_LARGE`: more than 1 MiB.
 * - `BAD_ENCODING`: not UTF-8, or declared as something else.
 * - `NOT_XML`: not well-formed.
 * - `DTD`: a document type declaration, or an entity that only one could define. Neither is ever read.
 * - `TOO_DEEP`: elements nested more than 256 deep.
 *
 * What it says:
 * - `UNEXPECTED_CONTENT`: an element, attribute or text that does not belong where it stands, or that Coppice does not know.
 * - `DUPLICATE`: an element that can be there once, twice; two entries for one disk; or one place that two disks, or a disk
 *   and its mirror, would be written to.
 * - `MISSING_VALUE`: an element or attribute that must be there.
 * - `BAD_VALUE`: a value that has no meaning where it stands.
 * - `SOURCE_NOT_EXTERNAL`: a source or a driver for a disk whose snapshot is not external.
 * - `MIRROR_NOT_ALLOWED`: a mirror where the caller allows none.
 * - `MIRROR_WITHOUT_NAME`: a mirror that names neither a file nor an image.
 * - `MIRROR_NOT_EXTERNAL`: a mirror for a disk whose snapshot is not external.
 * - `NO_SOURCE`: an external snapshot without a source, and none can be generated.
 */
export const domainSnapshotErrorCodes = [
  "TOO_LARGE",
  "BAD_ENCODING",
  "NOT_XML",
  "DTD",
  "TOO_DEEP",
  "UNEXPECTED_CONTENT",
  "DUPLICATE",
  "MISSING_VALUE",
  "BAD_VALUE",
  "SOURCE_NOT_EXTERNAL",
  "MIRROR_NOT_ALLOWED",
  "MIRROR_WITHOUT_NAME",
  "MIRROR_NOT_EXTERNAL",
  "NO_SOURCE",
] as const;

export type DomainSnapshotErrorCode = (typeof domainSnapshotErrorCodes)[number];

interface DomainSnapshotErrorOptions {
  code: DomainSnapshotErrorCode;
  /** What is wrong: one sentence without a full stop. */
  problem: string;
  /** What to do next: a sentence. It is appended to the message. */
  hint?: string | undefined;
  disk?: string | undefined;
  line?: number | undefined;
  cause?: unknown;
}

/** Thrown by everything that reads, completes or writes a `<domainsnapshot>`, and nothing else is. */
export class DomainSnapshotError extends Error {
  override readonly name = "DomainSnapshotError";
  readonly code: DomainSnapshotErrorCode;
  /** The name of the disk that it is about, such as `vda`. */
  readonly disk: string | undefined;
  /** The line of the XML, from 1, where one is to blame. */
  readonly line: number | undefined;
  readonly hint: string | undefined;

  constructor(options: DomainSnapshotErrorOptions) {
    const { code, problem, hint, disk, line, cause } = options;
    const place = line === undefined ? problem : `${problem} (line ${line})`;
    const text = hint === undefined ? place : `${place}. ${hint}`;
    super(text, cause === undefined ? undefined : { cause });
    this.code = code;
    this.disk = disk;
    this.line = line;
    this.hint = hint;
  }
}
