/** A part of a JSON schema, as far as it is shown. */
export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  additionalProperties?: Schema | boolean;
  prefixItems?: Schema[];
}

interface Operation {
  operationId: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; required?: boolean; schema?: Schema }[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

/** The OpenAPI document, as far as it is shown. */
export interface ApiDocument {
  openapi: string;
  info: { version: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
}

/** A call of the API, ready to be shown. */
export interface ApiCall {
  /** "images.list" */
  name: string;
  method: string;
  path: string;
  description: string;
  /** As one reads types; null when it takes nothing. */
  input: string | null;
  output: string;
}

/** The calls of the document by area, in the document's order. */
export function callsByArea({ paths }: ApiDocument): Map<string, ApiCall[]> {
  const areas = new Map<string, ApiCall[]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const area = operation.tags?.[0] ?? "";
      const call = {
        name: operation.operationId,
        method: method.toUpperCase(),
        path,
        description: operation.description ?? "",
        input: inputOf(operation),
        output: schemaText(schemaIn(operation.responses?.["200"]?.content)),
      };
      areas.set(area, [...(areas.get(area) ?? []), call]);
    }
  }
  return areas;
}

function inputOf({ parameters = [], requestBody }: Operation): string | null {
  if (requestBody !== undefined) return schemaText(schemaIn(requestBody.content));
  if (parameters.length === 0) return null;
  return schemaText({
    type: "object",
    properties: Object.fromEntries(parameters.map(({ name, schema = {} }) => [name, schema])),
    required: parameters.filter(({ required = false }) => required).map(({ name }) => name),
  });
}

function schemaIn(content: Record<string, { schema?: Schema }> | undefined): Schema {
  return Object.values(content ?? {})[0]?.schema ?? {};
}

/** A schema as TypeScript would write the type: `{ id: string, limit?: integer }`, one property per line. */
export function schemaText(schema: Schema, indent = ""): string {
  const { type, properties, items, prefixItems } = schema;
  const options = schema.anyOf ?? schema.oneOf;
  // What may be left out is shown by a question mark, not by a type that nothing has.
  if (options !== undefined) {
    const texts = options.filter((option) => !("not" in option)).map((option) => schemaText(option, indent));
    return [...new Set(texts)].join(" | ");
  }
  if (schema.allOf !== undefined) return schema.allOf.map((part) => schemaText(part, indent)).join(" & ");
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (prefixItems !== undefined) return `[${prefixItems.map((item) => schemaText(item, indent)).join(", ")}]`;
  if (items !== undefined) {
    const item = schemaText(items, indent);
    return item.includes(" | ") ? `(${item})[]` : `${item}[]`;
  }
  if (properties !== undefined) {
    const inner = `${indent}  `;
    const lines = Object.entries(properties).map(
      ([name, property]) =>
        `${inner}${name}${schema.required?.includes(name) ? "" : "?"}: ${schemaText(property, inner)}`,
    );
    return lines.length === 0 ? "{}" : `{\n${lines.join("\n")}\n${indent}}`;
  }
  if (Array.isArray(type)) return type.join(" | ");
  return schema.format ?? type ?? "any";
}
