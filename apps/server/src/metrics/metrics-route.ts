import { BlockList, isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Callers } from "../access/callers.ts";

export interface MetricsOptions {
  callers: Callers;
  registry: Registry;
  /** Addresses and networks that may read the metrics without a key. */
  from: readonly string[];
}

/** `/metrics`, for Prometheus: with the API key of a viewer as bearer token, or from an address that needs none. */
export async function metricsRoute(
  server: FastifyInstance,
  { callers, registry, from }: MetricsOptions,
): Promise<void> {
  const open = listOf(from);
  server.get("/metrics", async (request, reply) => {
    if (!isIn(open, request.ip)) {
      const caller = await callers.find(request.headers);
      if (caller === null) {
        return reply.code(401).header("www-authenticate", "Bearer").send({
          code: "NOT_SIGNED_IN",
          message: "The metrics need an API key.",
          hint: "Send one as bearer token, or name this address in COPPICE_METRICS_FROM.",
        });
      }
      if (caller.user.role === null) {
        return reply.code(403).send({
          code: "ROLE_MISSING",
          message: "This needs the role viewer, and you have none.",
          hint: null,
        });
      }
    }
    return reply
      .header("content-type", registry.contentType)
      .header("cache-control", "no-store")
      .send(await registry.metrics());
  });
}

function listOf(from: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of from) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    list.addSubnet(address, bits === undefined ? (family === "ipv4" ? 32 : 128) : Number(bits), family);
  }
  return list;
}

/** A server that listens on IPv6 sees IPv4 addresses as `::ffff:192.0.2.1`. */
function isIn(list: BlockList, ip: string): boolean {
  const address = ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
