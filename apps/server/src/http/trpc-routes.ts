import { type FastifyTRPCPluginOptions, fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditLog } from "../access/audit.ts";
import type { Callers } from "../access/callers.ts";
import { toUserError } from "../base/errors.ts";
import type { AppRouter } from "../router.ts";
import { requestContext } from "./request-context.ts";

/** No page sends more calls in one request. */
const MOST_CALLS_PER_REQUEST = 20;

/** Everything under `/trpc`. */
export async function trpcRoutes(
  server: FastifyInstance,
  { callers, audit, router }: { callers: Callers; audit: AuditLog; router: AppRouter },
): Promise<void> {
  const trpcOptions: FastifyTRPCPluginOptions<AppRouter>["trpcOptions"] = {
    router,
    maxBatchSize: MOST_CALLS_PER_REQUEST,
    createContext: ({ req, res }) => requestContext(req, res, { callers, audit }),
    responseMeta: () => ({ headers: new Headers({ "cache-control": "no-store" }) }),
    onError: ({ error, path, req }) => {
      const { code } = toUserError(error);
      if (code === "INTERNAL")
        req.log.error({ err: error.cause ?? error, procedure: path }, "procedure failed");
      else req.log.debug({ code, procedure: path }, "procedure refused");
    },
  };
  // tRPC's own plugin also accepts multipart bodies, of any size. No procedure takes one: only JSON has a parser here.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) =>
    done(null, body),
  );
  server.all<{ Params: { path: string } }>("/trpc/:path", async (request, reply) => {
    // The handler is not generic in the parameters of the route.
    const req = request as unknown as FastifyRequest;
    await fastifyRequestHandler({ ...trpcOptions, req, res: reply, path: request.params.path });
  });
}
