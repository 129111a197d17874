import { type AnyRouter, isProcedure, Procedure } from "@orpc/server";
import { toORPCRouter } from "@orpc/trpc";
import type { Role } from "../api/trpc.ts";
import type { AppRouter } from "../router.ts";

/** Where the REST face of the API is. */
export const REST_PREFIX = "/api/v1";

/** What the REST face adds to a procedure: its method, and whether it is a stream of events. */
export interface RestProcedure {
  /** Dotted path of the procedure: "images.list". */
  name: string;
  type: "query" | "mutation" | "subscription";
  role: Role;
  method: "GET" | "POST";
  /** Under `REST_PREFIX`: "/images/list". */
  path: `/${string}`;
}

/**
 * How each procedure of the router is called over REST. The rule: its path is its name with slashes; what reads is a GET
 * with its input in the query, what changes something is a POST with its input as JSON.
 */
export function restProcedures(router: AppRouter): RestProcedure[] {
  return Object.entries(router._def.procedures).map(([name, procedure]) => {
    const { type, meta } = (procedure as unknown as Definition)._def;
    return {
      name,
      type,
      role: meta.role,
      method: type === "mutation" ? "POST" : "GET",
      path: `/${name.replaceAll(".", "/")}`,
    };
  });
}

/** What tRPC keeps of every procedure, whatever its input. */
interface Definition {
  _def: { type: RestProcedure["type"]; meta: { role: Role } };
}

/** The same router as oRPC has it, with the method and path of each procedure. */
export function restRouter(router: AppRouter): AnyRouter {
  const byName = new Map(restProcedures(router).map((procedure) => [procedure.name, procedure]));
  return withRoutes(toORPCRouter(router) as AnyRouter, [], byName);
}

function withRoutes(
  part: AnyRouter,
  path: readonly string[],
  byName: ReadonlyMap<string, RestProcedure>,
): AnyRouter {
  if (isProcedure(part)) {
    const name = path.join(".");
    const known = byName.get(name);
    if (known === undefined) throw new Error(`${name} is not a procedure of the router`);
    const [area = ""] = path;
    return new Procedure({
      ...part["~orpc"],
      route: { method: known.method, path: known.path, tags: [area], description: describe(known) },
    });
  }
  return Object.fromEntries(
    Object.entries(part).map(([key, inner]) => [key, withRoutes(inner as AnyRouter, [...path, key], byName)]),
  );
}

function describe({ name, type, role }: RestProcedure): string {
  const verb = type === "query" ? "Reads" : type === "mutation" ? "Changes something" : "Streams events";
  return `${verb}. Needs the role ${role}. The same as the tRPC procedure \`${name}\`.`;
}
