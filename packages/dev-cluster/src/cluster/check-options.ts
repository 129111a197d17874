import { DevClusterError } from "../errors.ts";
import type { StartOptions } from "./options.ts";

/** @throws DevClusterError INVALID_ARGUMENT; before anything is touched. */
export function checkOptions({ dir, osds, osdSizeGiB }: StartOptions): void {
  if (dir === "") throw invalid("dir", "The folder's name is empty.", "Name a folder.");
  if (osds !== undefined && !(Number.isInteger(osds) && osds >= 1 && osds <= 16)) {
    throw invalid("osds", `A cluster cannot have ${osds} OSDs.`, "Give a whole number from 1 to 16.");
  }
  if (osdSizeGiB !== undefined && !(osdSizeGiB >= 2 && osdSizeGiB <= 16_384)) {
    throw invalid(
      "osdSizeGiB",
      `An OSD of ${osdSizeGiB} GiB cannot be made.`,
      "Give a number from 2 to 16384.",
    );
  }
}

function invalid(object: string, message: string, hint: string): DevClusterError {
  return new DevClusterError("INVALID_ARGUMENT", message, { call: "startCluster", object, hint });
}
