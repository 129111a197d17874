import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Callers } from "../access/callers.ts";
import { type Role, roleIncludes, type SessionUser } from "../api/trpc.ts";
import { ServerError, toTrpcCode, toUserError } from "../base/errors.ts";

// What the routes beside tRPC have in common: those that carry the bytes of disks, and the audit log as a file.

/** Who sends a request, if they have the role. @throws {ServerError} `NOT_SIGNED_IN`, `ROLE_MISSING` */
export async function callerWith(
  request: FastifyRequest,
  callers: Callers,
  needed: Role,
): Promise<SessionUser> {
  const caller = await callers.find(request.headers);
  if (caller === null)
    throw new ServerError("NOT_SIGNED_IN", "You are not signed in.", { hint: "Sign in and try again." });
  const { role } = caller.user;
  if (role !== null && roleIncludes(role, needed)) return caller.user;
  throw new ServerError("ROLE_MISSING", `This needs the role ${needed}, and you have ${role ?? "none"}.`, {
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
