import { type FastifyReply, type FastifyRequest, LogController } from "fastify";

/** One line for each answered request instead of two; quiet for what is asked all the time. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const facts = { req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (reply.statusCode >= 500 && error) request.log.error({ ...facts, err: error }, "answered");
    else request.log.debug(facts, "answered");
  }
}
