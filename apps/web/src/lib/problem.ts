import type { UserError } from "@coppice/server/router";
import { TRPCClientError } from "@trpc/client";

/** An error in words for the person at the screen. `code` is the server's, or `OFFLINE` when it did not answer. */
export type Problem = UserError;

/** `data.coppice` of a tRPC error: the server adds it to each one. */
function fromServer(error: TRPCClientError<never>): UserError | null {
  const data: unknown = error.data;
  if (typeof data !== "object" || data === null || !("coppice" in data)) return null;
  return data.coppice as UserError;
}

/** The words for any error that a query or a mutation ended with. */
export function toProblem(error: unknown): Problem {
  if (error instanceof TRPCClientError) {
    const known = fromServer(error);
    if (known !== null) return known;
    return {
      code: "OFFLINE",
      message: "Coppice's server does not answer.",
      hint: "See whether it is running and whether this machine can reach it.",
      object: null,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "UNEXPECTED", message, hint: "Reload the page; if it stays, report it.", object: null };
}

/** Whether the error says that nobody is signed in (any more). */
export function isSignedOut(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data?.code === "UNAUTHORIZED";
}
