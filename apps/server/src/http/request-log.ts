import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from "fastify";

/** Headers and fields that hold secrets. Requests are logged without them; this is a second protection. */
const SECRET = [
  "req.headers.cookie",
  "req.headers.authorization",
  'req.headers["x-api-key"]',
  'res.headers["set-cookie"]',
  "headers.cookie",
  "headers.authorization",
  'headers["x-api-key"]',
  "password",
  "*.password",
  "token",
  "*.token",
  "secret",
  "*.secret",
];

/**
 * The log: one JSON object per line on standard error. Standard output is for the one line that says the server is
 * ready. URLs are logged without their query, which may hold a sign-in token.
 */
export function logOptions(
  level: string,
  stream: { write(line: string): void },
): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level,
    stream,
    redact: { paths: SECRET, censor: "[secret]" },
    serializers: {
      req: (request: { method: string; url: string; ip: string }) => ({
        method: request.method,
        path: shortened(request.url.split("?", 1)[0] ?? ""),
        address: request.ip,
      }),
    },
  };
}

/** The longest text that a client chooses and the log keeps. */
const LONGEST = 200;

/** Shortens text that comes from outside, so that a line of the log has a bounded length. */
export function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** One line for each answered request instead of Fastify's two, at the level debug unless the server failed. */
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
