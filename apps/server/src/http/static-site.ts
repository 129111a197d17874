import { createHash } from "node:crypto";
import { existsSync, readFileSync, type Stats } from "node:fs";
import { join, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

interface StaticSiteOptions {
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
    preCompressed: true, // the build writes each text file as brotli and gzip too
    dotfiles: "ignore",
    setHeaders(reply, file, stat) {
      // The names of these files change with their content.
      const forever = file.startsWith(hashed);
      reply.header("cache-control", forever ? "public, max-age=31536000, immutable" : "no-cache");
      if (PAGE.test(file)) reply.header("content-security-policy", policies.of(file, stat));
    },
  });
  server.setNotFoundHandler((request, reply) => notFound(request.url, webDir, reply));
}

function notFound(url: string, webDir: string, reply: FastifyReply): FastifyReply {
  reply.code(404);
  if (/^\/(api|trpc)\//.test(url))
    return reply.send({ code: "NOT_FOUND", message: "There is nothing at this address." });
  if (!existsSync(join(webDir, "404.html"))) return reply.type("text/plain").send("Not found.\n");
  return reply.sendFile("404.html");
}

/** The content security policy of a page that may run the server's files and exactly these inline scripts. */
function pagePolicy(scriptHashes: readonly string[], https: boolean): string {
  const directives = [
    "default-src 'self'",
    ["script-src 'self'", ...scriptHashes].join(" "),
    // Layout libraries set style attributes, and nothing needs a style element.
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  if (https) directives.push("upgrade-insecure-requests");
  return directives.join("; ");
}

/** A page, or a compressed form of it. */
const PAGE = /\.html(\.br|\.gz)?$/;

/** Computes the policy of each page when it is first served, and again when the file has changed. */
class PagePolicies {
  readonly #known = new Map<string, { version: string; policy: string }>();
  readonly #https: boolean;

  constructor(https: boolean) {
    this.#https = https;
  }

  of(file: string, stat: Stats): string {
    const version = `${stat.mtimeMs} ${stat.size}`;
    const known = this.#known.get(file);
    if (known?.version === version) return known.policy;
    const page = readFileSync(file.replace(PAGE, ".html"), "utf8");
    const policy = pagePolicy(inlineScriptHashes(page), this.#https);
    this.#known.set(file, { version, policy });
    return policy;
  }
}

/** A script element without a `src`. Built pages hold no `>` inside the attributes of a script. */
const INLINE_SCRIPT = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/gi;

/** CSP sources (`'sha256-…'`) of all inline scripts of a page, each once. */
export function inlineScriptHashes(html: string): string[] {
  const hashes = [...html.matchAll(INLINE_SCRIPT)].map(
    ([, script = ""]) => `'sha256-${createHash("sha256").update(script, "utf8").digest("base64")}'`,
  );
  return [...new Set(hashes)];
}
