import { describe, expect, test } from "vitest";
import { call, procedures } from "../support/call-procedure.ts";
import { CLUSTER, stubServices } from "../support/stub-services.ts";

const TASK = "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa";

/** For each mutation an input, and the object the audit log names. A new mutation has to be added here. */
const SAMPLES: Record<string, { input: unknown; object: string | null }> = {
  "inventory.refresh": { input: { cluster: CLUSTER }, object: null },
  "clone.start": { input: { cluster: CLUSTER, source: "rbd/a", target: "rbd/b" }, object: "rbd/b" },
  "objectMap.rebuild": { input: { cluster: CLUSTER, image: "rbd/a" }, object: "rbd/a" },
  "tasks.cancel": { input: { id: TASK }, object: TASK },
};

const mutations = procedures.filter(({ type }) => type === "mutation");

test("there is a sample for every mutation", () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(mutations.map(({ path }) => path).sort());
});

describe.each(mutations)("$path", ({ path, role }) => {
  test("is written down: who, what, on which cluster and object, with which outcome", async () => {
    const { services, audited } = stubServices();
    await call(path, "admin", services, SAMPLES[path]?.input);
    expect(audited).toEqual([
      {
        user: expect.objectContaining({ id: "id-admin", username: "admin" }),
        action: path,
        cluster: CLUSTER,
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
  await expect(
    call("clone.start", "operator", services, { cluster: CLUSTER, source: "" }),
  ).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
  expect(audited).toMatchObject([{ action: "clone.start", outcome: "INVALID_INPUT", object: null }]);
});

test("queries are not written down", async () => {
  const { services, audited } = stubServices();
  await call("session.me", "admin", services);
  expect(audited).toEqual([]);
});

test("a mutation on an unknown cluster is refused, and that is written down", async () => {
  const { services, audited } = stubServices();
  await expect(call("inventory.refresh", "viewer", services, { cluster: "other" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: 'There is no cluster "other" on this server.',
  });
  expect(audited).toMatchObject([{ cluster: "other", outcome: "CLUSTER_UNKNOWN" }]);
});
