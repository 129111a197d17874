import { describe, expect, test } from "vitest";
import { call, procedures } from "../support/call-procedure.ts";
import { stubServices } from "../support/stub-services.ts";

const TASK = "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa";

/** For each mutation an input, and the object the audit log names. A new mutation has to be added here. */
const SAMPLES: Record<string, { input: unknown; object: string | null }> = {
  "inventory.refresh": { input: undefined, object: null },
  "clone.start": { input: { source: "rbd/a", target: "rbd/b" }, object: "rbd/b" },
  "objectMap.rebuild": { input: { image: "rbd/a" }, object: "rbd/a" },
  "tasks.cancel": { input: { id: TASK }, object: TASK },
};

const mutations = procedures.filter(({ type }) => type === "mutation");

test("there is a sample for every mutation", () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(mutations.map(({ path }) => path).sort());
});

describe.each(mutations)("$path", ({ path, role }) => {
  test("is written down: who, what, on which object, with which outcome", async () => {
    const { services, audited } = stubServices();
    await call(path, "admin", services, SAMPLES[path]?.input);
    expect(audited).toEqual([
      {
        user: expect.objectContaining({ id: "id-admin", username: "admin" }),
        action: path,
        object: SAMPLES[path]?.object,
        outcome: "ok",
        message: null,
        address: "192.0.2.1",
      },
    ]);
  });

  test("a refused one is written down too", async () => {
    const { services, audited } = stubServices();
    const person = role === "viewer" ? "no-role" : "viewer";
    await expect(call(path, person, services, SAMPLES[path]?.input)).rejects.toThrow();
    expect(audited).toMatchObject([{ action: path, outcome: "ROLE_MISSING" }]);
  });

  test("a stranger cannot fill the log", async () => {
    const { services, audited } = stubServices();
    await expect(call(path, "stranger", services, SAMPLES[path]?.input)).rejects.toThrow();
    expect(audited).toEqual([]);
  });
});

test("input that is none is refused, and that is written down with its reason", async () => {
  const { services, audited } = stubServices();
  await expect(call("clone.start", "operator", services, { source: "" })).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
  expect(audited).toMatchObject([{ action: "clone.start", outcome: "INVALID_INPUT", object: null }]);
});

test("queries are not written down", async () => {
  const { services, audited } = stubServices();
  await call("session.me", "admin", services);
  expect(audited).toEqual([]);
});
