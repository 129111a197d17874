import type { FastifyBaseLogger } from "fastify";
import { fastify } from "fastify";

/** A log that goes nowhere. */
export function silentLog(): FastifyBaseLogger {
  return fastify({ logger: false }).log;
}
