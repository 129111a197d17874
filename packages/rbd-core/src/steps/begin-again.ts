import { hasCode } from "../errors/to-coppice-error.ts";

/** How often an operation is begun when the snapshot it was to rest on is taken away. */
const attempts = 3;

/**
 * Begins an operation anew when another client took away the snapshot it had chosen. What it had made by then has been
 * taken back.
 *
 * @throws {CoppiceError} `SOURCE_CHANGED` when that happens again and again; whatever else `action` throws
 */
export async function retryOnSourceChanged<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === attempts || !hasCode(error, "SOURCE_CHANGED")) throw error;
    }
  }
}
