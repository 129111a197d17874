import { describe, expect, test } from "vitest";
import { callsByArea, schemaText } from "../../src/features/settings/api-document.ts";
import { type AuditQuery, auditFilterOf, exportAddress } from "../../src/features/settings/audit-filter.ts";
import { browserName } from "../../src/features/settings/browser-name.ts";
import { formatBytes } from "../../src/lib/format.ts";

const none: AuditQuery = { user: " ", action: "", object: "", outcome: "all", period: "any" };

test("empty filters of the audit log are not sent", () => {
  expect(auditFilterOf(none, new Date())).toEqual({});
  expect(exportAddress("csv", {})).toBe("/api/audit.csv");
});

test("filters of the audit log are sent as the server takes them, to the export too", () => {
  const filter = auditFilterOf(
    { user: " ada ", action: "users.", object: "a&b", outcome: "failed", period: "week" },
    new Date("2026-03-08T12:00:00Z"),
  );
  expect(filter).toEqual({
    username: "ada",
    action: "users.",
    object: "a&b",
    outcome: "failed",
    from: "2026-03-01T12:00:00.000Z",
  });
  expect(exportAddress("jsonl", filter)).toBe(
    "/api/audit.jsonl?username=ada&action=users.&object=a%26b&outcome=failed&from=2026-03-01T12%3A00%3A00.000Z",
  );
});

test("a browser is named by what it says about itself", () => {
  expect(browserName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe(
    "Firefox on Linux",
  );
  expect(
    browserName("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0 Safari/537.36 Edg/139.0"),
  ).toBe("Edge on Windows");
  expect([browserName("curl/8.0"), browserName(null)]).toEqual(["curl/8.0", "Unknown browser"]);
});

describe("the types of the API", () => {
  test("read like TypeScript", () => {
    const text = schemaText({
      type: "object",
      required: ["id", "rows"],
      properties: {
        id: { type: "string", format: "uuid" },
        limit: { type: "integer" },
        kind: { enum: ["a", "b"] },
        rows: { type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } },
      },
    });
    expect(text).toBe('{\n  id: uuid\n  limit?: integer\n  kind?: "a" | "b"\n  rows: (string | null)[]\n}');
    expect([schemaText({}), schemaText({ type: "object", properties: {} })]).toEqual(["any", "{}"]);
  });

  test("a query has its parameters as input, a mutation its body", () => {
    const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
    const areas = callsByArea({
      openapi: "3.1.1",
      info: { version: "1" },
      servers: [],
      paths: {
        "/x/get": {
          get: { operationId: "x.get", tags: ["x"], parameters: [{ name: "a", required: true, schema: {} }] },
        },
        "/x/set": {
          post: {
            operationId: "x.set",
            tags: ["x"],
            requestBody: { content: { "application/json": { schema } } },
            responses: { 200: { content: { "application/json": { schema } } } },
          },
        },
      },
    });
    expect(areas.get("x")).toEqual([
      {
        name: "x.get",
        method: "GET",
        path: "/x/get",
        description: "",
        input: "{\n  a: any\n}",
        output: "any",
      },
      {
        name: "x.set",
        method: "POST",
        path: "/x/set",
        description: "",
        input: "{\n  a: string\n}",
        output: "{\n  a: string\n}",
      },
    ]);
  });
});

test("sizes are shown in binary units, or in decimal ones for who prefers them", () => {
  expect(formatBytes(1_649_267_441_664)).toBe("1.5 TiB");
  expect(formatBytes(1_649_267_441_664, "si")).toBe("1.65 TB");
  expect(formatBytes(999_600, "si")).toBe("1 MB");
});
