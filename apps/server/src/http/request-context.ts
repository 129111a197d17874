import type { FastifyReply, FastifyRequest } from "fastify";
import type { AuditLog } from "../access/audit.ts";
import type { Callers } from "../access/callers.ts";
import type { Context } from "../api/trpc.ts";

/** What the procedures are told about a request, whichever way it came: tRPC or REST. */
export async function requestContext(
  request: FastifyRequest,
  reply: FastifyReply,
  { callers, audit }: { callers: Callers; audit: AuditLog },
): Promise<Context> {
  const caller = await callers.find(request.headers);
  for (const cookie of caller?.cookies ?? []) reply.header("set-cookie", cookie);
  return {
    user: caller?.user ?? null,
    sessionId: caller?.sessionId ?? null,
    sessionEnded: caller?.ended ?? new AbortController().signal,
    log: request.log,
    address: request.ip,
    requestId: request.id,
    writeAudit: (entry) => audit.write(entry),
  };
}
