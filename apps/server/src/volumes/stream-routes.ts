import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Sessions } from "../access/session.ts";
import { roleIncludes, type SessionUser } from "../api/trpc.ts";
import { ServerError, toTrpcCode, toUserError } from "../base/errors.ts";

// What the routes beside tRPC have in common: those that carry the bytes of disks.

/** The person who sends a request, if they may change images. @throws {ServerError} `NOT_SIGNED_IN`, `ROLE_MISSING` */
export async function operatorOf(request: FastifyRequest, sessions: Sessions): Promise<SessionUser> {
  const session = await sessions.find(request.headers);
  if (session === null)
    throw new ServerError("NOT_SIGNED_IN", "You are not signed in.", { hint: "Sign in and try again." });
  const { role } = session.user;
  if (role !== null && roleIncludes(role, "operator")) return session.user;
  throw new ServerError("ROLE_MISSING", `This needs the role operator, and you have ${role ?? "none"}.`, {
    hint: "Ask an administrator for the role.",
  });
}

/** Answers with an error as tRPC would: the same status, code and words. */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const shown = toUserError(error);
  const code = toTrpcCode(shown.code, "INTERNAL_SERVER_ERROR");
  if (shown.code === "INTERNAL") request.log.error({ err: error, req: request }, "request failed");
  return reply
    .code(getHTTPStatusCodeFromError(new TRPCError({ code })))
    .header("cache-control", "no-store")
    .send(shown);
}
