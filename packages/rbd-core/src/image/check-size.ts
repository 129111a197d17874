import { CoppiceError } from "../errors/coppice-error.ts";

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless it is a whole number of bytes above 0 */
export function checkSize(call: string, object: string, size: number): void {
  if (Number.isSafeInteger(size) && size > 0) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call,
    object,
    message: `${size} is not the size of an image`,
    hint: "Give a whole number of bytes above 0.",
  });
}
