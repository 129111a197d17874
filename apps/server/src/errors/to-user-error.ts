import { TRPCError } from "@trpc/server";
import { CoppiceError, FormatError } from "rbd-core";
import { prettifyError, ZodError } from "zod";
import { ServerError } from "./server-error.ts";
import type { UserError } from "./user-error.ts";

/**
 * The sentence, hint and code to show for `error`. What was not raised on purpose becomes `INTERNAL` without its
 * text: that one belongs in the server's log, where the request id leads to it.
 */
export function toUserError(error: unknown): UserError {
  const cause = error instanceof TRPCError && error.cause !== undefined ? error.cause : error;
  if (cause instanceof ServerError) {
    return { code: cause.code, message: cause.message, hint: cause.hint, object: cause.object };
  }
  if (cause instanceof CoppiceError) return fromSdk(cause);
  if (cause instanceof FormatError) {
    const hint = "The file is damaged, or not what it was taken for: write it again from its source.";
    return { code: cause.code, message: asSentence(cause.message), hint, object: null };
  }
  if (cause instanceof ZodError) {
    return { code: "INVALID_INPUT", message: prettifyError(cause), hint: null, object: null };
  }
  if (cause instanceof TRPCError && cause.code !== "INTERNAL_SERVER_ERROR") {
    return { code: cause.code, message: cause.message, hint: null, object: null };
  }
  return {
    code: "INTERNAL",
    message: "Something went wrong in the server.",
    hint: "The server's log has the details.",
    object: null,
  };
}

/** The SDK ends its messages with the hint, for people who read them in a terminal; here they are two fields. */
function fromSdk(error: CoppiceError): UserError {
  const { code, message, hint, left } = error;
  const sentence =
    hint !== undefined && message.endsWith(hint) ? message.slice(0, -hint.length).trim() : message;
  const remains = left.length === 0 ? "" : ` Still there: ${left.join(", ")}.`;
  return { code, message: asSentence(sentence) + remains, hint: hint ?? null, object: error.object ?? null };
}

/** A first word in plain letters gets its capital; a name such as rbd/vm-1 stays what it is. */
function asSentence(text: string): string {
  const start = /^[a-z]+ /.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
