import type { FastifyInstance, FastifyRequest } from "fastify";
import { CoppiceError, exportTemplate, parseImageSpec } from "rbd-core";
import { z } from "zod";
import type { AuditLog } from "../access/audit.ts";
import type { Callers } from "../access/callers.ts";
import { clusterId, typedSpec } from "../api/schemas.ts";
import type { SessionUser } from "../api/trpc.ts";
import { toUserError } from "../base/errors.ts";
import type { Clusters } from "../cluster/clusters.ts";
import { callerWith, sendError } from "../http/plain-routes.ts";
import { imageOrSnapshot } from "./volume-task.ts";

const exportQuery = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image@snapshot`: an image itself may change while it is read. */
  snapshot: typedSpec,
});

interface ExportOptions {
  clusters: Clusters;
  callers: Callers;
  audit: AuditLog;
}

/** `GET /api/export`: a snapshot as a raw disk. What is read leaves the cluster, so it is in the audit log. */
export async function exportRoutes(
  server: FastifyInstance,
  { clusters, callers, audit }: ExportOptions,
): Promise<void> {
  const closing = new AbortController();
  server.addHook("preClose", async () =>
    closing.abort(new DOMException("The server is shutting down", "AbortError")),
  );
  server.get("/api/export", async (request, reply) => {
    let user: SessionUser | null = null;
    const aborted = new AbortController();
    reply.raw.once("close", () => aborted.abort(new DOMException("The download was stopped", "AbortError")));
    const signal = AbortSignal.any([aborted.signal, closing.signal]);
    try {
      user = await callerWith(request, callers, "operator");
      const { cluster: id, snapshot } = exportQuery.parse(request.query);
      const template = snapshotSpec(snapshot);
      const { size, stream } = await clusters
        .get(id)
        .ask((cluster) => exportTemplate(cluster, { template, signal }));
      await writeAudit(audit, request, user, null);
      return await reply
        .header("content-type", "application/octet-stream")
        .header("content-length", size)
        .header("content-disposition", disposition(template))
        .header("cache-control", "no-store")
        .send(stream.compose(holdingLast));
    } catch (error) {
      if (user !== null) await writeAudit(audit, request, user, error);
      return sendError(request, reply, error);
    }
  });
}

/** @throws {CoppiceError} `INVALID_NAME` */
function snapshotSpec(text: string): string {
  const spec = imageOrSnapshot(text);
  if (spec.includes("@")) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "exportTemplate",
    object: spec,
    message: `${spec} is an image, and only a snapshot can be exported: an image may change while it is read`,
    hint: "Take a snapshot, and export that.",
  });
}

async function writeAudit(
  audit: AuditLog,
  request: FastifyRequest,
  user: SessionUser,
  error: unknown,
): Promise<void> {
  const query = z
    .object({ cluster: z.string(), snapshot: z.string() })
    .partial()
    .safeParse(request.query).data;
  const problem = error === null ? null : toUserError(error);
  await audit.write({
    user,
    action: "volumes.export",
    cluster: query?.cluster ?? null,
    object: query?.snapshot ?? null,
    outcome: problem?.code ?? "ok",
    message: problem?.message ?? null,
    address: request.ip,
  });
}

/**
 * Passes a stream on one piece late. Whether the snapshot was there until the end is only known when all of it was read: if
 * it was not, the last piece is missing, so that the download is not complete.
 */
async function* holdingLast(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    if (held !== undefined) yield held;
    held = piece;
  }
  if (held !== undefined) yield held;
}

/** The name that a browser gives to the file: `vm-1-monday.raw`. */
function disposition(spec: string): string {
  const { image, snapshot } = parseImageSpec(spec);
  const name = `${image}-${snapshot}.raw`;
  const plain = name.replace(/[^\w.-]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escaped)}`;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
