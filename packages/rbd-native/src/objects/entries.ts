/**
 * Keys and values as the compiled part packs them: all bytes one after the other, and the length of each key and
 * value. The values are views of that one buffer.
 */
export function toEntries({ data, lengths }: { data: Buffer; lengths: Uint32Array }): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  let at = 0;
  for (let i = 0; i < lengths.length; i += 2) {
    const value = at + (lengths[i] as number);
    const end = value + (lengths[i + 1] as number);
    entries.set(data.toString("utf8", at, value), data.subarray(value, end));
    at = end;
  }
  return entries;
}
