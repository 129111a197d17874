export interface DataExtent {
  /** Bytes from the start of the chunk. */
  start: number;
  end: number;
}

const zeros = Buffer.alloc(1 << 20);

/**
 * The runs of a chunk that hold anything but zeros, in steps of `grain` bytes (at most 1 MiB): what has to be
 * written for the rest to stay a hole. The last step may be shorter. Neighbouring steps make one run.
 */
export function dataExtents(chunk: Buffer, grain: number): DataExtent[] {
  const extents: DataExtent[] = [];
  if (isZero(chunk)) return extents;
  let open: DataExtent | undefined;
  for (let start = 0; start < chunk.length; start += grain) {
    const end = Math.min(start + grain, chunk.length);
    if (zeros.compare(chunk, start, end, 0, end - start) === 0) {
      open = undefined;
    } else if (open) {
      open.end = end;
    } else {
      open = { start, end };
      extents.push(open);
    }
  }
  return extents;
}

/** Most chunks of a thin disk are nothing but zeros, and are told by a few calls. */
function isZero(chunk: Buffer): boolean {
  for (let start = 0; start < chunk.length; start += zeros.length) {
    const end = Math.min(start + zeros.length, chunk.length);
    if (zeros.compare(chunk, start, end, 0, end - start) !== 0) return false;
  }
  return true;
}
