import { OpenAPIGenerator } from "@orpc/openapi";
import { ZodToJsonSchemaConverter } from "@orpc/zod/zod4";
import type { AppRouter } from "../router.ts";
import { REST_PREFIX, restRouter } from "./rest-router.ts";

/** How a request is refused, on every path. */
const REFUSALS = {
  400: "The input is not what the procedure takes.",
  401: "There is no session and no valid API key.",
  403: "The role does not allow this.",
  404: "What the input names does not exist.",
  409: "The state of the object does not allow this now.",
  412: "The cluster does not support or allow this.",
  429: "Too many requests.",
  500: "Something went wrong in the server.",
  503: "The cluster does not answer.",
} as const;

export type OpenApiDocument = Awaited<ReturnType<OpenAPIGenerator["generate"]>>;

/** The OpenAPI 3.1 document of the REST face, made from the router's own schemas. */
export async function openApiDocument(router: AppRouter, version: string): Promise<OpenApiDocument> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  const document = await generator.generate(restRouter(router), {
    info: {
      title: "Coppice",
      version,
      description:
        "Clone, back up and see Ceph RBD images. Every procedure is here and under /trpc alike. Create an API key " +
        "in the dashboard's settings, and send it as a bearer token. What takes time answers with a task.",
    },
    servers: [{ url: REST_PREFIX }],
    security: [{ apiKey: [] }, { session: [] }],
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key. x-api-key takes it too." },
        session: { type: "apiKey", in: "cookie", name: "coppice.session_token" },
      },
      schemas: {
        Error: {
          type: "object",
          required: ["code", "message", "hint", "object"],
          properties: {
            code: { type: "string", description: "From a closed set: NOT_FOUND, ROLE_MISSING, …" },
            message: { type: "string", description: "What went wrong, in a sentence." },
            hint: { type: ["string", "null"], description: "What to do next." },
            object: { type: ["string", "null"], description: "The image, snapshot, pool or task." },
          },
        },
      },
    },
  });
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of [operations?.get, operations?.post]) {
      if (operation === undefined) continue;
      const refusals = Object.entries(REFUSALS).map(([status, description]) => [
        status,
        { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
      ]);
      operation.responses = { ...operation.responses, ...Object.fromEntries(refusals) };
    }
  }
  return document;
}
