import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { callerWith, sendError } from "../http/plain-routes.ts";
import { type AuditFilter, type AuditListRow, type AuditLog, auditFilter } from "./audit.ts";
import type { Callers } from "./callers.ts";

const COLUMNS = [
  "at",
  "username",
  "apiKey",
  "action",
  "cluster",
  "object",
  "outcome",
  "message",
  "address",
  "id",
] as const satisfies readonly (keyof AuditListRow)[];

/** `/api/audit.csv` and `/api/audit.jsonl`: the audit log as a file, with the filters of `audit.list`, for administrators. */
export async function auditExport(
  server: FastifyInstance,
  { audit, callers }: { audit: AuditLog; callers: Callers },
): Promise<void> {
  const formats = [
    { url: "/api/audit.csv", type: "text/csv; charset=utf-8", lines: csvLines },
    { url: "/api/audit.jsonl", type: "application/jsonl; charset=utf-8", lines: jsonLines },
  ];
  for (const { url, type, lines } of formats) {
    server.get(url, async (request, reply) => {
      try {
        await callerWith(request, callers, "admin");
      } catch (error) {
        return sendError(request, reply, error);
      }
      const filter = auditFilter.safeParse(request.query);
      if (!filter.success) {
        const message = filter.error.issues
          .map((issue) => `${issue.path.join(".")} ${issue.message}`)
          .join("; ");
        return reply.code(400).send({ code: "INVALID_INPUT", message, hint: null });
      }
      return reply
        .header("content-type", type)
        .header("content-disposition", `attachment; filename="coppice-${url.slice("/api/".length)}"`)
        .header("cache-control", "no-store")
        .send(Readable.from(lines(audit, filter.data)));
    });
  }
}

async function* jsonLines(audit: AuditLog, filter: AuditFilter): AsyncGenerator<string> {
  for await (const entry of audit.entries(filter)) yield `${JSON.stringify(entry)}\n`;
}

/** As RFC 4180 has it. */
async function* csvLines(audit: AuditLog, filter: AuditFilter): AsyncGenerator<string> {
  yield `${COLUMNS.join(",")}\r\n`;
  for await (const entry of audit.entries(filter))
    yield `${COLUMNS.map((column) => csvField(entry[column])).join(",")}\r\n`;
}

/**
 * A field of a CSV file. Text that a spreadsheet would run as a formula is given an apostrophe first: the name of an
 * image is chosen by whoever creates it.
 */
export function csvField(value: string | null): string {
  const text = value === null ? "" : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
