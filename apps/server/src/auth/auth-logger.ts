import type { FastifyBaseLogger } from "fastify";

/** Sends what better-auth has to say to our log: its sentences only, as what comes after them may hold secrets. */
export function authLogger(log: FastifyBaseLogger) {
  return {
    level: "warn" as const,
    disableColors: true,
    log(level: "debug" | "info" | "warn" | "error", message: string, ...details: unknown[]) {
      const err = details.find((detail) => detail instanceof Error);
      log[level]({ from: "better-auth", ...(err === undefined ? {} : { err }) }, message);
    },
  };
}
