import type { ImageReader } from "../inventory/image-reader.ts";

/** The same reader with at most `limit` images at a time; the others wait for their turn. */
export function limitedReader(reader: ImageReader, limit: number): ImageReader {
  let reading = 0;
  const waiting: (() => void)[] = [];
  return {
    async read(entry, signal) {
      if (reading >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else reading += 1;
      try {
        return await reader.read(entry, signal);
      } finally {
        // The place is handed on, or given back.
        const next = waiting.shift();
        if (next === undefined) reading -= 1;
        else next();
      }
    },
  };
}
