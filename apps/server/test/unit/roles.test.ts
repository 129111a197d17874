import { TRPCError } from "@trpc/server";
import { describe, expect, test } from "vitest";
import { ZodType } from "zod";
import { ROLES, type Role, roleIncludes } from "../../src/api/roles.ts";
import { call, type Person, procedures } from "../support/call-procedure.ts";
import { stubServices } from "../support/stub-services.ts";

/** The weakest role that may call each procedure. A new procedure has to be added here, on purpose. */
const ALLOWED: Record<string, Role> = {
  "session.me": "viewer",
  "clusters.list": "viewer",
  "cluster.info": "viewer",
  "images.list": "viewer",
  "images.get": "viewer",
  "lineage.forest": "viewer",
  "inventory.refresh": "viewer",
  "clone.plan": "operator",
  "clone.start": "operator",
  "objectMap.rebuild": "operator",
  "tasks.list": "viewer",
  "tasks.get": "viewer",
  "tasks.cancel": "operator",
  "audit.list": "admin",
  events: "viewer",
};

const PEOPLE: Person[] = ["stranger", "no-role", ...ROLES];

test("every procedure of the router has a role, and it is the one written down here", () => {
  expect(Object.fromEntries(procedures.map(({ path, role }) => [path, role]))).toEqual(ALLOWED);
});

describe.each(procedures)("$path", ({ path, inputs, output }) => {
  test("has a schema for its input and one for its output", () => {
    expect(inputs).toHaveLength(1);
    for (const schema of [...inputs, output]) expect(schema).toBeInstanceOf(ZodType);
  });

  test.each(PEOPLE)("asked by %s", async (person) => {
    const { services } = stubServices();
    const outcome = await call(path, person, services, {}).then(
      () => "ok",
      (error: unknown) => (error instanceof TRPCError ? error.code : error),
    );
    const needed = ALLOWED[path];
    if (person === "stranger") expect(outcome).toBe("UNAUTHORIZED");
    else if (person === "no-role" || needed === undefined || !roleIncludes(person, needed))
      expect(outcome).toBe("FORBIDDEN");
    // Let through: whether the input is right is another matter.
    else expect(["ok", "BAD_REQUEST"]).toContain(outcome);
  });
});

test("a refusal says which role it takes", async () => {
  const { services } = stubServices();
  await expect(
    call("clone.start", "viewer", services, { cluster: "ceph", source: "rbd/a", target: "rbd/b" }),
  ).rejects.toThrow("This needs the role operator, and you have viewer.");
});
