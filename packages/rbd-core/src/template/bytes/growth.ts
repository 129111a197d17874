const smallest = 64 * 1024 ** 2;
const largestStep = 16 * 1024 ** 3;

/**
 * The size to give an image that is written from a stream of unknown length, once `needed` bytes no longer fit:
 * doubled, in steps of 64 MiB to 16 GiB. Each resize rewrites the object map, so there must be few of them; what is
 * too much is cut off at the end, and costs no space until then.
 */
export function grownSize(current: number, needed: number): number {
  if (needed <= current) return current;
  const step = Math.min(Math.max(current, smallest), largestStep);
  return current + Math.ceil((needed - current) / step) * step;
}
