import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import type { FastifyInstance } from "fastify";
import type { Auth } from "../auth/create-auth.ts";
import { findSession } from "../auth/find-session.ts";
import { toUserError } from "../errors/to-user-error.ts";
import { type AppRouter, appRouter } from "../router.ts";
import type { Services } from "../services.ts";
import type { Context } from "../trpc/context.ts";

/** No page asks for more at once. */
const MOST_CALLS_PER_REQUEST = 20;

/** Everything under `/trpc`. */
export async function trpcRoutes(
  server: FastifyInstance,
  options: { auth: Auth; services: Services },
): Promise<void> {
  const trpcOptions: FastifyTRPCPluginOptions<AppRouter>["trpcOptions"] = {
    router: appRouter,
    maxBatchSize: MOST_CALLS_PER_REQUEST,
    createContext: async ({ req }): Promise<Context> => ({
      services: options.services,
      user: await findSession(options.auth, req.headers),
      log: req.log,
      address: req.ip,
    }),
    responseMeta: () => ({ headers: new Headers({ "cache-control": "no-store" }) }),
    onError: ({ error, path, req }) => {
      const { code } = toUserError(error);
      if (code === "INTERNAL")
        req.log.error({ err: error.cause ?? error, procedure: path }, "procedure failed");
      else req.log.debug({ code, procedure: path }, "procedure refused");
    },
  };
  await server.register(fastifyTRPCPlugin<AppRouter>, { prefix: "/trpc", trpcOptions });
}
