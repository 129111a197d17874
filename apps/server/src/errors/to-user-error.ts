import { TRPCError } from "@trpc/server";
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
