import { CoppiceError } from "../../errors/coppice-error.ts";
import { toCoppiceError } from "../../errors/to-coppice-error.ts";
import { endsScan } from "../../inventory/scan-places.ts";
import { DecodeError } from "../decode-error.ts";

/** `null` for what Ceph refuses to tell, or does not tell in a way that can be understood. */
export async function orNull<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (thrown) {
    const error = toCoppiceError(thrown);
    if (error instanceof DecodeError || (error instanceof CoppiceError && !endsScan(error))) return null;
    throw error;
  }
}
