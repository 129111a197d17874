/** The Castagnoli polynomial, reversed. */
const polynomial = 0x82f6_3b78;
const table = makeTable();

/**
 * CRC-32C as Ceph computes it with seed 0: the register starts at 0 and is not inverted at the end, so that the
 * CRC of zeros is 0.
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0;
  for (let index = 0; index < bytes.length; index++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[index] as number)) & 0xff] as number);
  }
  return crc >>> 0;
}

function makeTable(): Uint32Array {
  const entries = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    entries[byte] = crc;
  }
  return entries;
}
