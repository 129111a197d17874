import type { Image } from "rbd-native";
import type { DiffRecord } from "../../formats/diff-record.ts";
import { progressOf, type TransferOptions } from "../transfer-progress.ts";
import { applyRecords } from "./apply-records.ts";
import { WriteWindow } from "./write-window.ts";

export interface WriteRecordsOptions extends TransferOptions {
  /** Whether the image reads as zeroes, so that zeroes need not be written. */
  readonly isEmpty: boolean;
  /** For the progress, in bytes. */
  readonly total: number;
}

export interface WriteCounts {
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

/**
 * Writes a diff's records to an image's head and flushes. When it rejects nothing is in flight any more.
 *
 * @throws RbdError, or what `records` throws
 */
export async function writeRecords(
  image: Image,
  records: AsyncIterable<DiffRecord>,
  options: WriteRecordsOptions,
): Promise<WriteCounts> {
  const { isEmpty, total, signal } = options;
  const window = new WriteWindow(image, isEmpty);
  const counts = () => ({ bytesWritten: window.bytesWritten, bytesSkipped: window.bytesSkipped });
  const progress = progressOf(total, options);
  const report = (phase: "copying" | "finishing", done: number) =>
    progress(phase, done, { bytesRead: 0, ...counts() });
  let failure: { readonly error: unknown } | undefined;
  try {
    await applyRecords(records, window, { signal, onOffset: (offset) => report("copying", offset) });
  } catch (error) {
    failure = { error };
  }
  try {
    await window.settle();
  } catch (error) {
    // The first failure is the cause; a write that failed is what applyRecords threw, if it still ran.
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
  await image.flush({ signal });
  report("finishing", total);
  return counts();
}
