import { TRPCError } from "@trpc/server";
import { describe, expect, test } from "vitest";
import { ZodType } from "zod";
import { ROLES, type Role, roleIncludes } from "../../src/api/trpc.ts";
import { call, type Person, procedures } from "../support/call-procedure.ts";
import { BACKUP, POOL_TARGET, TARGET } from "../support/stub-backups.ts";
import { CHANNEL, DEFINITION, POLICY, RUN } from "../support/stub-policies.ts";
import { CLUSTER, stubServices } from "../support/stub-services.ts";

const TASK = "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa";

interface Expected {
  /** The weakest role that may call it. */
  role: Role;
  /** A valid input; without the cluster where `onCluster`. */
  input?: object;
  /** Whether its input names the cluster it works on. */
  onCluster?: true;
  /** Whether it reads the cluster before it queues a task: on the stub, which has none, it is refused. */
  readsCluster?: true;
  /** What the audit log has of a mutation. */
  audited?: { cluster: string | null; object: string | null };
}

const toFile = { target: TARGET, backup: BACKUP, to: { kind: "file", name: "a.raw", format: "raw" } };

/** Every procedure. A new one has to be added here, on purpose. */
const EXPECTED: Record<string, Expected> = {
  "session.me": { role: "viewer" },
  "session.list": { role: "viewer" },
  "session.end": { role: "viewer", input: { id: null }, audited: { cluster: null, object: "admin" } },
  "session.setPassword": {
    role: "viewer",
    input: { password: "a long enough one" },
    audited: { cluster: null, object: "admin" },
  },
  "users.list": { role: "admin" },
  "users.create": {
    role: "admin",
    input: { username: "ada", role: "viewer" },
    audited: { cluster: null, object: "ada" },
  },
  "users.setRole": {
    role: "admin",
    input: { id: "u1", role: "viewer" },
    audited: { cluster: null, object: "ada" },
  },
  "users.setDisabled": {
    role: "admin",
    input: { id: "u1", disabled: true },
    audited: { cluster: null, object: "ada" },
  },
  "users.resetPassword": { role: "admin", input: { id: "u1" }, audited: { cluster: null, object: "ada" } },
  "users.endSessions": { role: "admin", input: { id: "u1" }, audited: { cluster: null, object: "ada" } },
  "users.remove": { role: "admin", input: { id: "u1" }, audited: { cluster: null, object: "ada" } },
  "keys.list": { role: "viewer" },
  "keys.create": {
    role: "viewer",
    input: { name: "backup", role: "viewer", days: 30 },
    audited: { cluster: null, object: "backup" },
  },
  "keys.revoke": { role: "viewer", input: { id: TASK }, audited: { cluster: null, object: "backup" } },
  "clusters.list": { role: "viewer" },
  "cluster.info": { role: "viewer", onCluster: true },
  "images.list": { role: "viewer", onCluster: true },
  "images.get": { role: "viewer", onCluster: true, input: { spec: "rbd/a" } },
  "lineage.forest": { role: "viewer", onCluster: true },
  "inventory.refresh": { role: "viewer", onCluster: true, audited: { cluster: CLUSTER, object: null } },
  "clone.plan": { role: "operator", onCluster: true, input: { source: "rbd/a", target: "rbd/b" } },
  "clone.start": {
    role: "operator",
    onCluster: true,
    input: { source: "rbd/a", target: "rbd/b" },
    audited: { cluster: CLUSTER, object: "rbd/b" },
  },
  "objectMap.rebuild": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a" },
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "operations.list": { role: "viewer", onCluster: true },
  "operations.reconcile": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a" },
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "backups.targets.list": { role: "viewer" },
  "backups.targets.check": { role: "viewer", input: { id: TARGET } },
  "backups.targets.add": {
    role: "admin",
    input: { name: "nas", settings: { kind: "directory", path: "/mnt/backups" } },
    audited: { cluster: null, object: "nas" },
  },
  "backups.targets.change": {
    role: "admin",
    input: { id: TARGET, name: "nas" },
    audited: { cluster: null, object: "nas" },
  },
  "backups.targets.remove": {
    role: "admin",
    input: { id: TARGET },
    audited: { cluster: null, object: "nas" },
  },
  "backups.sources": { role: "viewer" },
  "backups.chain": { role: "viewer", input: { source: "a" } },
  "backups.ofImage": { role: "viewer", onCluster: true, input: { image: "rbd/a" } },
  "backups.point": { role: "viewer", input: { target: TARGET, backup: BACKUP } },
  "backups.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", target: TARGET },
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "backups.restorePlan": { role: "operator", input: toFile },
  "backups.restore": {
    role: "operator",
    input: toFile,
    audited: { cluster: null, object: "a.raw" },
  },
  "backups.verify": {
    role: "operator",
    input: { target: TARGET, backup: BACKUP },
    audited: { cluster: null, object: BACKUP },
  },
  "backups.remove": {
    role: "operator",
    input: { target: TARGET, backup: BACKUP },
    audited: { cluster: null, object: BACKUP },
  },
  "backups.prunePlan": { role: "operator", input: { target: TARGET, retention: { keepLast: 1 } } },
  "backups.prune": {
    role: "operator",
    input: { target: TARGET, retention: { keepLast: 1 } },
    audited: { cluster: null, object: "nas" },
  },
  "backups.protect": {
    role: "operator",
    input: { target: TARGET, backup: BACKUP, protected: true },
    audited: { cluster: null, object: BACKUP },
  },
  "backups.importCinder": {
    role: "operator",
    input: { target: POOL_TARGET, chain: "volume-a.backup.b" },
    audited: { cluster: null, object: "volume-a.backup.b" },
  },
  "backups.refresh": { role: "viewer", audited: { cluster: null, object: null } },
  "chain.get": { role: "viewer", onCluster: true, input: { image: "rbd/a" } },
  "chain.sizes": { role: "viewer", onCluster: true, input: { image: "rbd/a", points: ["4", null] } },
  "chain.changed": { role: "viewer", onCluster: true, input: { image: "rbd/a", from: "4", to: null } },
  "snapshots.create": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s" },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
  },
  "snapshots.rename": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s", name: "t" },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
  },
  "snapshots.protect": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s" },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
  },
  "snapshots.unprotect": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s" },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
  },
  "rollback.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s", keepAs: null },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
  },
  "deletion.plan": { role: "viewer", onCluster: true, input: { image: "rbd/a", snapshot: "s" } },
  "deletion.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", snapshot: "s", way: "remove", fingerprint: "0".repeat(64) },
    audited: { cluster: CLUSTER, object: "rbd/a@s" },
    readsCluster: true,
  },
  "trash.list": { role: "viewer", onCluster: true },
  "trash.move": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a" },
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "trash.restore": {
    role: "operator",
    onCluster: true,
    input: { image: `${CLUSTER}/rbd//1` },
    audited: { cluster: CLUSTER, object: `${CLUSTER}/rbd//1` },
    readsCluster: true,
  },
  "trash.purgePreview": { role: "viewer", onCluster: true },
  "trash.purge": {
    role: "operator",
    onCluster: true,
    input: { pool: "rbd", expiredBefore: "2026-03-01T12:00:00.000Z" },
    audited: { cluster: CLUSTER, object: "rbd" },
  },
  "locks.break": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", owner: "client.4123" },
    audited: { cluster: CLUSTER, object: "rbd/a" },
    readsCluster: true,
  },
  "mirrors.list": { role: "viewer", onCluster: true },
  "mirrors.plan": {
    role: "operator",
    onCluster: true,
    input: { to: CLUSTER, pool: "fast", request: { kind: "images", images: [{ source: "rbd/a" }] } },
    audited: { cluster: CLUSTER, object: "fast/a" },
  },
  "mirrors.start": {
    role: "operator",
    onCluster: true,
    input: { to: CLUSTER, pool: "fast", request: { kind: "images", images: [{ source: "rbd/a" }] } },
    audited: { cluster: CLUSTER, object: "fast/a" },
  },
  "mirrors.drive": {
    role: "operator",
    onCluster: true,
    input: { to: CLUSTER, mirror: "fast/a", do: "sync" },
    audited: { cluster: CLUSTER, object: "fast/a" },
  },
  "mirrors.confirm": {
    role: "operator",
    onCluster: true,
    input: { to: CLUSTER, mirror: "fast/a", sources: "keep" },
    audited: { cluster: CLUSTER, object: "fast/a" },
  },
  "volumes.create.plan": {
    role: "operator",
    onCluster: true,
    input: { target: "rbd/b", from: { kind: "empty" }, size: 1024 },
  },
  "volumes.create.start": {
    role: "operator",
    onCluster: true,
    input: { target: "rbd/b", from: { kind: "empty" }, size: 1024 },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/b" },
  },
  "volumes.resize.plan": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", size: 1024 },
  },
  "volumes.resize.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", size: 1024 },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "volumes.rename.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", target: "rbd/b" },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "volumes.flatten.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a" },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "volumes.copy.start": {
    role: "operator",
    onCluster: true,
    input: { image: "rbd/a", target: "rbd/b" },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/b" },
  },
  "volumes.capture.plan": {
    role: "operator",
    onCluster: true,
    input: { source: "rbd/a", target: "rbd/b" },
  },
  "volumes.capture.start": {
    role: "operator",
    onCluster: true,
    input: { source: "rbd/a", target: "rbd/b" },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/b" },
  },
  "volumes.import.limits": { role: "operator", onCluster: true },
  "volumes.import.start": {
    role: "operator",
    onCluster: true,
    input: { target: "rbd/b", source: { kind: "upload", size: 1 } },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/b" },
  },
  "volumes.removeTemplate.preview": {
    role: "operator",
    onCluster: true,
    input: { template: "rbd/a" },
  },
  "volumes.removeTemplate.start": {
    role: "operator",
    onCluster: true,
    input: { template: "rbd/a" },
    readsCluster: true,
    audited: { cluster: CLUSTER, object: "rbd/a" },
  },
  "tasks.list": { role: "viewer" },
  "tasks.get": { role: "viewer", input: { id: TASK } },
  "tasks.cancel": { role: "operator", input: { id: TASK }, audited: { cluster: CLUSTER, object: TASK } },
  "tasks.retry": { role: "operator", input: { id: TASK }, audited: { cluster: CLUSTER, object: TASK } },
  "policies.list": { role: "viewer", onCluster: true },
  "policies.get": { role: "viewer", input: { id: POLICY } },
  "policies.preview": {
    role: "viewer",
    onCluster: true,
    input: {
      select: DEFINITION.select,
      timeZone: "UTC",
      crons: { backup: "0 2 * * *", verify: null, drill: null },
    },
  },
  "policies.previewRetention": {
    role: "viewer",
    onCluster: true,
    input: {
      select: DEFINITION.select,
      target: TARGET,
      cron: "0 2 * * *",
      timeZone: "UTC",
      retention: { daily: 7 },
    },
  },
  "policies.create": {
    role: "operator",
    onCluster: true,
    input: { ...DEFINITION, name: "Weekly" },
    audited: { cluster: CLUSTER, object: "Weekly" },
  },
  "policies.change": {
    role: "operator",
    onCluster: true,
    input: { ...DEFINITION, id: POLICY },
    audited: { cluster: CLUSTER, object: "Nightly" },
  },
  "policies.setPaused": {
    role: "operator",
    input: { id: POLICY, paused: true },
    audited: { cluster: CLUSTER, object: "Nightly" },
  },
  "policies.remove": {
    role: "operator",
    input: { id: POLICY },
    audited: { cluster: CLUSTER, object: "Nightly" },
  },
  "policies.run": {
    role: "operator",
    input: { id: POLICY, job: "backup" },
    audited: { cluster: CLUSTER, object: "Nightly" },
  },
  "policies.runs": { role: "viewer", input: { id: POLICY } },
  "policies.outcomes": { role: "viewer", input: { runId: RUN } },
  "policies.drills": { role: "viewer", input: { id: POLICY } },
  "policies.timeZones": { role: "viewer" },
  "protection.summary": { role: "viewer", onCluster: true },
  "protection.list": { role: "viewer", onCluster: true },
  "notifications.list": { role: "admin" },
  "notifications.add": {
    role: "admin",
    input: {
      name: "hook",
      settings: { kind: "webhook", url: "https://example.org/" },
      events: ["failed"],
      enabled: true,
      secret: "a key",
    },
    audited: { cluster: null, object: "hook" },
  },
  "notifications.change": {
    role: "admin",
    input: {
      id: CHANNEL,
      name: "hook",
      settings: { kind: "webhook", url: "https://example.org/" },
      events: ["failed"],
      enabled: true,
    },
    audited: { cluster: null, object: "hook" },
  },
  "notifications.remove": {
    role: "admin",
    input: { id: CHANNEL },
    audited: { cluster: null, object: "hook" },
  },
  "notifications.test": {
    role: "admin",
    input: { id: CHANNEL },
    audited: { cluster: null, object: "hook" },
  },
  "audit.list": { role: "admin" },
  events: { role: "viewer" },
};

const PEOPLE: Person[] = ["stranger", "no-role", ...ROLES];

/** A valid input of the procedure. */
function inputOf({ input, onCluster }: Expected): object | undefined {
  return onCluster === undefined ? input : { ...input, cluster: CLUSTER };
}

const all = procedures.map((procedure) => {
  const expected = EXPECTED[procedure.path] ?? { role: "admin" };
  return { ...procedure, expected, input: inputOf(expected) };
});
const mutations = all.filter(({ type }) => type === "mutation");
const onCluster = all.filter(({ expected }) => expected.onCluster);

test("every procedure of the router has a role, and it is the one listed here", () => {
  const listed = Object.entries(EXPECTED).map(([path, { role }]) => [path, role]);
  expect(Object.fromEntries(procedures.map(({ path, role }) => [path, role]))).toEqual(
    Object.fromEntries(listed),
  );
});

describe.each(all)("$path", ({ path, inputs, output, expected }) => {
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
    if (person === "stranger") expect(outcome).toBe("UNAUTHORIZED");
    else if (person === "no-role" || !roleIncludes(person, expected.role)) expect(outcome).toBe("FORBIDDEN");
    // Let through: whether the input is right is another matter.
    else expect(["ok", "BAD_REQUEST"]).toContain(outcome);
  });
});

test("a refusal names the role that is needed", async () => {
  const { services } = stubServices();
  const input = { cluster: CLUSTER, source: "rbd/a", target: "rbd/b" };
  await expect(call("clone.start", "viewer", services, input)).rejects.toThrow(
    "This needs the role operator, and you have viewer.",
  );
});

describe.each(mutations)("$path in the audit log", ({ path, role, expected, input }) => {
  test("is in the audit log: who, what, on which cluster and object, with which outcome", async () => {
    const { services, audited } = stubServices();
    const fails = expected.readsCluster === true;
    await call(path, "admin", services, input).catch((error: unknown) => {
      if (!fails) throw error;
    });
    expect(audited).toEqual([
      {
        user: expect.objectContaining({ id: "id-admin", username: "admin" }),
        action: path,
        ...expected.audited,
        outcome: fails ? expect.not.stringMatching(/^ok$/) : "ok",
        message: fails ? expect.any(String) : null,
        address: "192.0.2.1",
      },
    ]);
  });

  test("is in the audit log when it is refused", async () => {
    const { services, audited } = stubServices();
    const person = role === "viewer" ? "no-role" : "viewer";
    await expect(call(path, person, services, input)).rejects.toThrow();
    expect(audited).toMatchObject([{ action: path, outcome: "ROLE_MISSING" }]);
  });

  test("is not in the audit log when there is no session", async () => {
    const { services, audited } = stubServices();
    await expect(call(path, "stranger", services, input)).rejects.toThrow();
    expect(audited).toEqual([]);
  });
});

test("invalid input is refused, and the audit log has the reason", async () => {
  const { services, audited } = stubServices();
  const input = { cluster: CLUSTER, source: "" };
  await expect(call("clone.start", "operator", services, input)).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
  expect(audited).toMatchObject([{ action: "clone.start", outcome: "INVALID_INPUT", object: null }]);
});

test("queries are not in the audit log", async () => {
  const { services, audited } = stubServices();
  await call("session.me", "admin", services);
  expect(audited).toEqual([]);
});

describe.each(onCluster)("$path", ({ path, type, input }) => {
  test("refuses an unknown cluster and lists the known ones", async () => {
    const { services, audited } = stubServices();
    await expect(call(path, "admin", services, { ...input, cluster: "other" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      cause: {
        code: "CLUSTER_UNKNOWN",
        message: 'There is no cluster "other" on this server.',
        hint: "Its clusters are: ceph.",
        object: "other",
      },
    });
    expect(audited.map(({ cluster, outcome }) => [cluster, outcome])).toEqual(
      type === "mutation" ? [["other", "CLUSTER_UNKNOWN"]] : [],
    );
  });

  test("refuses an input without a cluster, or with an invalid id", async () => {
    const { services } = stubServices();
    for (const cluster of [undefined, "", "Ceph", "a/b"]) {
      const refused = call(path, "admin", services, { ...input, cluster });
      await expect(refused).rejects.toMatchObject({ code: "BAD_REQUEST" });
    }
  });
});

test("a procedure that takes a cluster is listed here as one that does", async () => {
  for (const { path, input, expected } of all) {
    const { services } = stubServices();
    const outcome = await call(path, "admin", services, { ...expected.input }).then(
      () => "ok",
      (error: unknown) => (error instanceof TRPCError ? error.code : error),
    );
    expect([path, outcome]).toEqual([path, "cluster" in (input ?? {}) ? "BAD_REQUEST" : "ok"]);
  }
});
