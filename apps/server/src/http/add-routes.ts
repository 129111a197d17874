import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import type { Auth } from "../auth/create-auth.ts";
import type { Services } from "../services.ts";
import { answerErrors } from "./answer-errors.ts";
import { authRoutes } from "./auth-routes.ts";
import { compressAnswers } from "./compress-answers.ts";
import { type HealthOptions, healthRoutes } from "./health-routes.ts";
import { requireSameOrigin } from "./same-origin.ts";
import { staticSite } from "./static-site.ts";
import { trpcRoutes } from "./trpc-routes.ts";

export interface HttpOptions {
  server: FastifyInstance;
  auth: Auth;
  services: Services;
  health: HealthOptions;
  webDir: string;
  publicUrl: string | null;
}

/** Puts everything the server answers on one Fastify instance. */
export async function addRoutes({
  server,
  auth,
  services,
  health,
  webDir,
  publicUrl,
}: HttpOptions): Promise<void> {
  const https = publicUrl?.startsWith("https:") ?? false;
  await server.register(helmet, {
    // What is not a page needs nothing at all; pages bring their own policy.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
    },
    strictTransportSecurity: https,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  await compressAnswers(server);
  answerErrors(server);
  requireSameOrigin(server, publicUrl);
  await server.register(healthRoutes, health);
  await server.register(authRoutes, { auth, audit: services.audit });
  await server.register(trpcRoutes, { auth, services });
  await staticSite(server, { webDir, https });
}
