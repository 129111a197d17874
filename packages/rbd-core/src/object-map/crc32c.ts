/** The Castagnoli polynomial, reversed. */
const polynomial = 0x82f6_3b78;
/** `tables[k][byte]`: what `byte` adds to the CRC when `k` more bytes follow it. Eight bytes are taken at once. */
const tables = makeTables(8);

/**
 * CRC-32C as Ceph computes it with seed 0: the register starts at 0 and is not inverted at the end, so that the
 * CRC of zeros is 0.
 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as Tables;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = 0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      look(t7, low) ^
      look(t6, low >>> 8) ^
      look(t5, low >>> 16) ^
      look(t4, low >>> 24) ^
      look(t3, high) ^
      look(t2, high >>> 8) ^
      look(t1, high >>> 16) ^
      look(t0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ look(t0, crc ^ (bytes[at] as number));
  return crc >>> 0;
}

type Table = Int32Array;
type Tables = [Table, Table, Table, Table, Table, Table, Table, Table];

function look(table: Table, index: number): number {
  return table[index & 0xff] as number;
}

function makeTables(count: number): Table[] {
  const made = Array.from({ length: count }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    for (const table of made) {
      table[byte] = crc;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    }
  }
  return made;
}
