import { getSystemErrorName } from "node:util";
import { describe, hintFor } from "./hint.ts";
import type { RbdErrorCode } from "./rbd-error-code.ts";

export interface RbdErrorFacts {
  readonly code: RbdErrorCode;
  /** Positive; 0 when no C function failed. */
  readonly errno: number;
  /** The C function, `rbd_open`. */
  readonly call: string;
  /** What it was called on, `rbd/vm-1`. */
  readonly object?: string | undefined;
  /** What was wrong, in words, where more is known than the code says. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/** A call of librbd or librados failed, or was not made because its arguments could not be right. */
export class RbdError extends Error {
  override readonly name = "RbdError";
  readonly code: RbdErrorCode;
  /** The positive errno of the C function; 0 when none was called or it does not apply. */
  readonly errno: number;
  /** The C function that failed (or would have been called): `rbd_open`. */
  readonly call: string;
  /** What it was called on: `rbd/vm-1`. */
  readonly object?: string;

  constructor(facts: RbdErrorFacts) {
    super(messageOf(facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.errno = facts.errno;
    this.call = facts.call;
    if (facts.object !== undefined) this.object = facts.object;
  }
}

function messageOf({ code, errno, call, object, detail }: RbdErrorFacts): string {
  const what = errno === 0 ? code : `${code}, ${errnoName(errno)}`;
  const where = object === undefined ? call : `${call} on ${object}`;
  const hint = hintFor(code, call);
  return `${where}: ${detail ?? describe(code)} (${what})${hint === undefined ? "" : `. ${hint}`}`;
}

function errnoName(errno: number): string {
  if (errno === 108) return "ESHUTDOWN";
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}
