import type { Role, SessionUser } from "../../src/api/trpc.ts";
import { createRouter, type Services } from "../../src/router.ts";
import { silentLog } from "./silent-log.ts";
import { stubServices } from "./stub-services.ts";

export type Person = Role | "stranger" | "no-role";

export interface KnownProcedure {
  path: string;
  type: "query" | "mutation" | "subscription";
  role: unknown;
  /** Its input schemas. */
  inputs: unknown[];
  /** Its output schema. */
  output: unknown;
}

/** Every procedure, as the router itself lists it. */
export const procedures: KnownProcedure[] = Object.entries(
  createRouter(stubServices().services)._def.procedures,
).map(([path, procedure]) => {
  const { _def: definition } = procedure as unknown as {
    _def: {
      type: KnownProcedure["type"];
      meta?: { role?: unknown };
      inputs: unknown[];
      output?: unknown;
    };
  };
  const { type, meta, inputs, output } = definition;
  return { path, type, role: meta?.role, inputs, output };
});

function userOf(person: Person): SessionUser | null {
  if (person === "stranger") return null;
  return {
    id: `id-${person}`,
    name: person,
    username: person,
    role: person === "no-role" ? null : person,
    apiKey: null,
  };
}

/** Calls a procedure by its path; a subscription is ended as soon as it has begun. */
export async function call(
  path: string,
  person: Person,
  services: Services,
  input?: unknown,
): Promise<unknown> {
  const caller = createRouter(services).createCaller({
    user: userOf(person),
    sessionId: person === "stranger" ? null : `session-${person}`,
    sessionEnded: new AbortController().signal,
    log: silentLog(),
    address: "192.0.2.1",
    requestId: "request-1",
    writeAudit: (entry) => services.audit.write(entry),
  });
  let procedure: unknown = caller;
  for (const part of path.split(".")) procedure = (procedure as Record<string, unknown>)[part];
  const answer = await (procedure as (input: unknown) => Promise<unknown>)(input);
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
    await (answer as AsyncGenerator<unknown>).return(undefined);
  }
  return answer;
}
