import { RbdError, type RbdErrorCode } from "../rbd-error.ts";

const EINVAL = 22;

/** @throws RbdError INVALID_ARGUMENT, or the code that is given. */
export function refuse(
  call: string,
  object: string,
  detail: string,
  code: RbdErrorCode = "INVALID_ARGUMENT",
): never {
  throw new RbdError({ code, errno: EINVAL, call, object, detail });
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Requires a string that is not empty and that C can take: no NUL, well-formed. */
export function checkName(call: string, object: string, what: string, value: unknown): string {
  if (typeof value !== "string") return refuse(call, object, `${what} must be a string, not ${show(value)}`);
  if (value === "") return refuse(call, object, `${what} must not be empty`);
  return checkText(call, object, what, value);
}

/** Requires a string that C can take: no NUL, well-formed. */
export function checkText(call: string, object: string, what: string, value: unknown): string {
  if (typeof value !== "string") return refuse(call, object, `${what} must be a string, not ${show(value)}`);
  if (value.includes("\0")) return refuse(call, object, `${what} must not contain a NUL character`);
  if (!value.isWellFormed()) return refuse(call, object, `${what} must be well-formed Unicode`);
  return value;
}

/** Requires a non-negative safe integer. */
export function checkCount(call: string, object: string, what: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(call, object, `${what} must be an integer from 0 to 2^53 - 1, not ${show(value)}`);
}

/** Requires a bigint that fits into 64 bits. */
export function checkBits(call: string, object: string, what: string, value: unknown): bigint {
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return value;
  return refuse(call, object, `${what} must be a bigint from 0 to 2^64 - 1, not ${show(value)}`);
}

/** Requires bytes whose memory exists, and does not move while librbd works on it. */
export function checkBytes(call: string, object: string, what: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) return refuse(call, object, `${what} must be a Uint8Array`);
  const { buffer } = value;
  if (buffer instanceof ArrayBuffer ? buffer.resizable : buffer.growable) {
    return refuse(call, object, `${what} must not be in a resizable ArrayBuffer`);
  }
  if (buffer instanceof ArrayBuffer && buffer.detached) {
    return refuse(call, object, `${what} must not be in an ArrayBuffer that was transferred`);
  }
  return value;
}

/** Requires an integer of which only known bits are set. */
export function checkFlags(
  call: string,
  object: string,
  what: string,
  value: unknown,
  known: number,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && (value & ~known) === 0) {
    if (value <= known) return value;
  }
  return refuse(call, object, `${what} must consist of the bits 0x${known.toString(16)}, not ${show(value)}`);
}

/** Requires a Date that is valid, and returns its milliseconds since 1970. */
export function checkDate(call: string, object: string, what: string, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) return refuse(call, object, `${what} must be a valid Date, not ${show(value)}`);
  return time;
}

/** Requires a range inside the image. */
export function checkInside(
  call: string,
  object: string,
  offset: number,
  length: number,
  size: number,
): void {
  if (offset + length <= size) return;
  refuse(
    call,
    object,
    `offset ${offset} and length ${length} reach beyond the image's ${size} bytes`,
    "OUT_OF_RANGE",
  );
}
