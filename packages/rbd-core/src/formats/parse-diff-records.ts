import type { ByteReader } from "./byte-reader.ts";
import type { DiffHeader, DiffRecord, DiffVersion } from "./diff-record.ts";
import { type ExtentOrder, ExtentRules } from "./extent-rules.ts";
import { u64 } from "./fields.ts";
import { FormatError } from "./format-error.ts";
import { diffTags, showTag } from "./tags.ts";

const metadataTags: readonly number[] = [diffTags.from, diffTags.to, diffTags.size];

/**
 * Reads a diff's extents up to and with its end record. Payloads pass through in pieces as the source delivers
 * them; none is ever held whole.
 *
 * @throws {FormatError}
 */
export async function* parseDiffRecords(
  reader: ByteReader,
  version: DiffVersion,
  header: DiffHeader,
  order: ExtentOrder,
): AsyncGenerator<DiffRecord, void, undefined> {
  const rules = new ExtentRules(header.size, order);
  for (;;) {
    const at = reader.position;
    await reader.need(1, "a record or the end record");
    const tag = reader.peek();
    if (tag === diffTags.end) {
      reader.take(1);
      return;
    }
    if (tag !== diffTags.write && tag !== diffTags.zero) throw misfit(tag, version, at);
    const type = tag === diffTags.write ? "write" : "zero";
    const framing = version === 2 ? 8 : 0;
    await reader.need(1 + framing + 16, `a ${type} record`);
    const fields = reader.take(1 + framing + 16);
    const offset = u64(fields, 1 + framing, at + 1 + framing, `the offset of a ${type} record`);
    const length = u64(fields, 9 + framing, at + 9 + framing, `the length of a ${type} record`);
    rules.check(offset, length, at);
    if (version === 2) {
      const announced = u64(fields, 1, at + 1, `the length of a ${type} record`);
      const needed = type === "write" ? 16 + length : 16;
      if (announced !== needed) {
        const problem = `a ${type} record announces ${announced} bytes where its content has ${needed}`;
        throw new FormatError("LENGTH_MISMATCH", at + 1, problem);
      }
    }
    yield { type, offset, length };
    if (type === "zero") continue;
    for (let done = 0; done < length; ) {
      const data = await reader.chunk(length - done, "a write record's data");
      yield { type: "data", offset: offset + done, data };
      done += data.length;
    }
  }
}

function misfit(tag: number, version: DiffVersion, at: number): FormatError {
  if (metadataTags.includes(tag) || (tag === diffTags.protection && version === 2)) {
    return new FormatError("MISPLACED_RECORD", at, `a ${showTag(tag)} record comes after the first extent`);
  }
  return new FormatError("UNKNOWN_TAG", at, `the record's tag is ${showTag(tag)}`);
}
