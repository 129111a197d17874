import type { FastifyInstance } from "fastify";
import { sql } from "kysely";
import type { Clock } from "../base/clock.ts";
import type { Database } from "../db/database.ts";

/** Anybody may request this as often as they like. The clusters are asked at most this often. */
const KEEP_MS = 1000;

export interface HealthOptions {
  database: Database;
  /** Rejects when a cluster does not answer. */
  checkClusters(): Promise<void>;
  clock: Clock;
}

interface Readiness {
  ready: boolean;
  /** "ok", or what is wrong in words that tell a stranger nothing about the installation. */
  checks: { database: string; cluster: string };
}

/** `/healthz`: the process is alive. `/readyz`: it can do its work. Both without a session, for load balancers. */
export async function healthRoutes(server: FastifyInstance, options: HealthOptions): Promise<void> {
  let kept: { at: number; answer: Promise<Readiness> } | null = null;

  server.get("/healthz", async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ alive: true }),
  );

  server.get("/readyz", async (_request, reply) => {
    const now = options.clock.now();
    if (kept === null || now - kept.at > KEEP_MS) kept = { at: now, answer: readiness(options) };
    const answer = await kept.answer;
    return reply
      .code(answer.ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send(answer);
  });
}

async function readiness({ database, checkClusters }: HealthOptions): Promise<Readiness> {
  const [data, cluster] = await Promise.allSettled([sql`select 1`.execute(database), checkClusters()]);
  return {
    ready: data.status === "fulfilled" && cluster.status === "fulfilled",
    checks: {
      database: data.status === "fulfilled" ? "ok" : "The database does not answer.",
      cluster: cluster.status === "fulfilled" ? "ok" : "The cluster does not answer.",
    },
  };
}
