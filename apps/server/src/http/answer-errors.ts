import type { FastifyError, FastifyInstance } from "fastify";

/** Errors outside of tRPC: what the caller did wrong is said, what went wrong in here is only logged. */
export function answerErrors(server: FastifyInstance): void {
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: error.code, message: error.message });
    request.log.error({ err: error, req: request }, "request failed");
    return reply.code(status).send({
      code: "INTERNAL",
      message: "Something went wrong in the server.",
      hint: "The server's log has the details.",
    });
  });
}
