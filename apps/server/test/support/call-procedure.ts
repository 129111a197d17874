import type { Role } from "../../src/api/roles.ts";
import type { SessionUser } from "../../src/api/trpc.ts";
import { appRouter } from "../../src/router.ts";
import type { Services } from "../../src/services.ts";
import { silentLog } from "./silent-log.ts";

export type Person = Role | "stranger" | "no-role";

export interface KnownProcedure {
  path: string;
  type: "query" | "mutation" | "subscription";
  role: unknown;
}

/** Every procedure there is, as the router itself says. */
export const procedures: KnownProcedure[] = Object.entries(appRouter._def.procedures).map(
  ([path, procedure]) => {
    const { type, meta } = (
      procedure as unknown as { _def: { type: KnownProcedure["type"]; meta?: { role?: unknown } } }
    )._def;
    return { path, type, role: meta?.role };
  },
);

function userOf(person: Person): SessionUser | null {
  if (person === "stranger") return null;
  return { id: `id-${person}`, name: person, username: person, role: person === "no-role" ? null : person };
}

/** Calls a procedure by its path; a subscription is ended as soon as it has begun. */
export async function call(
  path: string,
  person: Person,
  services: Services,
  input?: unknown,
): Promise<unknown> {
  const caller = appRouter.createCaller({
    services,
    user: userOf(person),
    log: silentLog(),
    address: "192.0.2.1",
  });
  let procedure: unknown = caller;
  for (const part of path.split(".")) procedure = (procedure as Record<string, unknown>)[part];
  const answer = await (procedure as (input: unknown) => Promise<unknown>)(input);
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
    await (answer as AsyncGenerator<unknown>).return(undefined);
  }
  return answer;
}
