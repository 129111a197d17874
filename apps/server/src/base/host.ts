import type { FastifyBaseLogger } from "fastify";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";

/** What every feature of the server is given when it starts. */
export interface Host {
  config: Config;
  clock: Clock;
  log: FastifyBaseLogger;
  /** Where a feature registers what it closes at shutdown. What was opened last is closed first. */
  opened: AsyncDisposableStack;
}
