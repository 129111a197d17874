import { RbdError } from "../errors/rbd-error.ts";
import { codeOf } from "../errors/rbd-error-code.ts";
import type { NativeFailure } from "./binding-types.ts";

function isNativeFailure(error: unknown): error is NativeFailure {
  return (
    typeof error === "object" &&
    error !== null &&
    "errno" in error &&
    "call" in error &&
    !(error instanceof Error)
  );
}

/** What a call of the compiled part rejected with, as the error that callers see. */
export function toRbdError(error: unknown, object: string): unknown {
  if (!isNativeFailure(error)) return error;
  const { errno, call, detail, closed } = error;
  if (closed) return new RbdError({ code: "CLOSED", errno: 0, call, object });
  return new RbdError({ code: codeOf(errno), errno, call, object, detail });
}
