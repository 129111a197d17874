import { SmartCoercionPlugin } from "@orpc/json-schema";
import { OpenAPIHandler } from "@orpc/openapi/fastify";
import { ORPCError } from "@orpc/server";
import { ZodToJsonSchemaConverter } from "@orpc/zod/zod4";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuditLog } from "../access/audit.ts";
import type { Callers } from "../access/callers.ts";
import { type Context, hintToLog } from "../api/trpc.ts";
import { ServerError, toUserError, type UserError } from "../base/errors.ts";
import { requestContext } from "../http/request-context.ts";
import type { AppRouter } from "../router.ts";
import { type OpenApiDocument, openApiDocument } from "./openapi.ts";
import { REST_PREFIX, restRouter } from "./rest-router.ts";

interface RestOptions {
  callers: Callers;
  audit: AuditLog;
  router: AppRouter;
  version: string;
}

/** The procedures of the router as REST, and the document that describes them, under `/api/v1`. */
export async function restRoutes(server: FastifyInstance, options: RestOptions): Promise<void> {
  const { router, version } = options;
  const handler = new OpenAPIHandler(restRouter(router), {
    // A query holds text: "10" becomes a number where the schema has one.
    plugins: [new SmartCoercionPlugin({ schemaConverters: [new ZodToJsonSchemaConverter()] })],
    interceptors: [({ next, context }) => next().catch((error) => Promise.reject(refusal(error, context)))],
    customErrorResponseBodyEncoder: ({ data }) => data,
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body === "" ? undefined : JSON.parse(String(body)));
    } catch {
      done(
        Object.assign(new Error("The input is not valid JSON."), { statusCode: 400, code: "INVALID_INPUT" }),
      );
    }
  });

  let document: Promise<OpenApiDocument> | null = null;
  server.get(`${REST_PREFIX}/openapi.json`, async (request, reply) => {
    const { user } = await requestContext(request, reply, options);
    if (user === null) return reply.code(401).send(strangerError());
    document ??= openApiDocument(router, version);
    return reply.header("cache-control", "no-cache").send(await document);
  });
  // The dashboard shows the document.
  server.get("/api/docs", (_request, reply) => reply.redirect("/settings/?tab=api"));

  server.all(`${REST_PREFIX}/*`, async (request, reply) => {
    const context: Context = await requestContext(request, reply, options);
    reply.header("cache-control", "no-store");
    if (request.body === undefined && request.method !== "GET" && request.method !== "HEAD")
      request.body = {}; // a POST without a body: a procedure that takes no input
    const { matched } = await handler.handle(request, reply, { prefix: REST_PREFIX, context });
    if (!matched) await notFound(request, reply);
  });
}

/** The error as the caller is told about it: with the status, code and sentence that tRPC would answer with. */
function refusal(error: unknown, { log, requestId }: Context): ORPCError<string, UserError> {
  const cause = error instanceof ORPCError && error.cause instanceof TRPCError ? error.cause : error;
  if (cause instanceof ORPCError && cause.status < 500) {
    // The address or the body could not be read: no procedure was called.
    const data: UserError = { code: "INVALID_INPUT", message: cause.message, hint: null, object: null };
    return new ORPCError(cause.code, { status: cause.status, message: cause.message, data });
  }
  const data = toUserError(cause);
  if (data.code === "INTERNAL") {
    log.error({ err: cause instanceof TRPCError ? (cause.cause ?? cause) : cause }, "procedure failed");
    data.hint = hintToLog(requestId);
  }
  const status = cause instanceof TRPCError ? getHTTPStatusCodeFromError(cause) : 500;
  return new ORPCError(data.code, { status, message: data.message, data });
}

function strangerError(): UserError {
  return toUserError(
    new ServerError("NOT_SIGNED_IN", "You are not signed in.", { hint: "Sign in and try again." }),
  );
}

async function notFound(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await reply.code(404).send({
    code: "NOT_FOUND",
    message: `There is no ${request.method} at this address.`,
    hint: `${REST_PREFIX}/openapi.json lists what there is.`,
    object: null,
  });
}
