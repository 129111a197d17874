import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";
import { PagePolicies } from "./page-policy.ts";

export interface StaticSiteOptions {
  /** Where the exported web app is. */
  webDir: string;
  https: boolean;
}

/** Serves the exported web app. It holds no data, so it needs no session. */
export async function staticSite(server: FastifyInstance, options: StaticSiteOptions): Promise<void> {
  const { webDir } = options;
  if (!existsSync(join(webDir, "index.html"))) {
    server.log.warn({ webDir }, "the web app is not built: only the API is served");
    server.setNotFoundHandler((_request, reply) => reply.code(404).type("text/plain").send("Not found.\n"));
    return;
  }
  const policies = new PagePolicies(options.https);
  const hashed = join(webDir, "_next", "static") + sep;
  await server.register(fastifyStatic, {
    root: webDir,
    redirect: true, // /images → /images/
    cacheControl: false,
    dotfiles: "ignore",
    setHeaders(reply, file, stat) {
      // The names of these files change with their content.
      const forever = file.startsWith(hashed);
      reply.header("cache-control", forever ? "public, max-age=31536000, immutable" : "no-cache");
      if (file.endsWith(".html")) reply.header("content-security-policy", policies.of(file, stat));
    },
  });
  server.setNotFoundHandler((request, reply) => notFound(request.url, webDir, reply));
}

function notFound(url: string, webDir: string, reply: FastifyReply): FastifyReply {
  reply.code(404);
  if (/^\/(api|trpc)\//.test(url))
    return reply.send({ code: "NOT_FOUND", message: "There is nothing here." });
  if (!existsSync(join(webDir, "404.html"))) return reply.type("text/plain").send("Not found.\n");
  return reply.sendFile("404.html");
}
