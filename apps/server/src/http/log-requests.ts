import type { FastifyInstance } from "fastify";

/** One line per answered request; quiet for what is asked all the time. */
export function logRequests(server: FastifyInstance): void {
  server.addHook("onResponse", async (request, reply) => {
    const facts = { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (reply.statusCode >= 500) request.log.error(facts, "answered");
    else request.log.debug(facts, "answered");
  });
}
