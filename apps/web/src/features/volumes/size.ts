const UNITS = "BKMGTP";

/**
 * Bytes from a size as people write it: `10 GiB`, `10G`, `512 mb`, `1.5T`, `4096`. Units are powers of 1024, as `rbd` reads
 * them. Null when it is no whole number of bytes above 0.
 */
export function parseSize(text: string): number | null {
  const match = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[bkmgtp])?(?:i?b)?$/i.exec(
    text.trim().replaceAll(",", ""),
  );
  const { amount = "", unit = "b" } = match?.groups ?? {};
  const bytes = Number(amount) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** A size that `parseSize` reads back without loss, in the largest unit that allows it: `10 GiB`, `1500 MiB`. */
export function writeSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value % 1024 === 0 && value > 0 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return unit === 0 ? `${value} B` : `${value} ${UNITS[unit]}iB`;
}
