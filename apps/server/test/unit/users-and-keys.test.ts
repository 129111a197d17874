import { afterAll, beforeAll, expect, test } from "vitest";
import { csvField } from "../../src/access/audit-export.ts";
import { cookieOf, type HttpBench, httpBench, ORIGIN } from "../support/http-bench.ts";

const PASSWORD = "a long enough one";

let bench: HttpBench;
/** Cookie of the administrator. */
let boss: string;

beforeAll(async () => {
  bench = await httpBench({ keyRequestLimit: 20, metricsFrom: ["203.0.113.0/24"] });
  boss = cookieOf(await signIn("admin", await bench.adminPassword()));
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

let signIns = 0;

/** Signs in, each time from another address: how often one may try is limited. */
function signIn(username: string, password: string) {
  signIns += 1;
  return bench.inject({
    method: "POST",
    url: "/api/auth/sign-in/username",
    remoteAddress: `198.18.0.${signIns}`,
    headers: { origin: ORIGIN, "content-type": "application/json" },
    payload: JSON.stringify({ username, password }),
  });
}

interface Answer {
  status: number;
  /** Of a call that was let through. */
  data: Record<string, string>;
  code: string | undefined;
}

/** Calls a procedure as a page of the dashboard does, or as a script when `cookie` is a key. */
async function call(name: string, input?: object, credential = boss): Promise<Answer> {
  const isKey = credential.startsWith("coppice_");
  const response = await bench.inject({
    method: input === undefined ? "GET" : "POST",
    url: `/trpc/${name}`,
    headers: {
      "content-type": "application/json",
      ...(isKey ? { "x-api-key": credential } : { cookie: credential, origin: ORIGIN }),
    },
    ...(input === undefined ? {} : { payload: JSON.stringify(input) }),
  });
  const { result, error } = response.json();
  return { status: response.statusCode, data: result?.data, code: error?.data.coppice.code };
}

async function create(username: string, role: string): Promise<{ id: string; cookie: string }> {
  const { data } = await call("users.create", { username, role, password: PASSWORD });
  return { id: data.id ?? "", cookie: cookieOf(await signIn(username, PASSWORD)) };
}

test("a new user opens the link once, has to choose a password, and signs in with it", async () => {
  const made = await call("users.create", { username: "Olga", role: "operator" });
  const link = made.data.link as unknown as { path: string; expiresAt: string };
  expect(Date.parse(link.expiresAt) - Date.now()).toBeGreaterThan(71 * 3_600_000);
  const opened = await bench.inject({ url: link.path });
  expect([opened.statusCode, opened.headers.location]).toEqual([302, "/settings/?tab=account"]);
  const again = await bench.inject({ url: link.path });
  expect(again.headers.location).toContain("/sign-in/?error=");

  const cookie = cookieOf(opened);
  expect((await call("session.me", undefined, cookie)).data.user).toMatchObject({
    username: "olga",
    role: "operator",
    hasPassword: false,
  });
  expect((await call("session.setPassword", { password: "short" }, cookie)).status).toBe(400);
  expect((await call("session.setPassword", { password: PASSWORD }, cookie)).status).toBe(200);
  expect((await call("session.setPassword", { password: PASSWORD }, cookie)).code).toBe("PASSWORD_EXISTS");
  expect((await signIn("olga", PASSWORD)).statusCode).toBe(200);
  expect((await call("users.create", { username: "olga", role: "viewer" })).code).toBe("USERNAME_TAKEN");
  expect((await call("users.create", { username: "a b", role: "viewer" })).code).toBe("INVALID_INPUT");
});

test("a user who is disabled is out at once, with sessions and keys, and comes back when enabled", async () => {
  const { id, cookie } = await create("dina", "operator");
  const { key = "" } = (await call("keys.create", { name: "cron", role: "viewer", days: 1 }, cookie)).data;
  expect((await call("session.me", undefined, key)).status).toBe(200);
  expect((await call("users.setDisabled", { id, disabled: true })).status).toBe(200);
  expect((await call("session.me", undefined, cookie)).status).toBe(401);
  expect((await call("session.me", undefined, key)).status).toBe(401);
  const refused = await signIn("dina", PASSWORD);
  expect([refused.statusCode, refused.json().code]).toEqual([403, "USER_DISABLED"]);
  expect((await call("users.resetPassword", { id })).code).toBe("USER_DISABLED");
  await call("users.setDisabled", { id, disabled: false });
  expect((await signIn("dina", PASSWORD)).statusCode).toBe(200);
  expect((await call("session.me", undefined, key)).status).toBe(200);
});

test("a reset ends the sessions and the old password, and the link opens the account", async () => {
  const { id, cookie } = await create("rita", "viewer");
  const { data } = await call("users.resetPassword", { id });
  expect((await call("session.me", undefined, cookie)).status).toBe(401);
  expect((await signIn("rita", PASSWORD)).statusCode).toBe(401);
  expect((await bench.inject({ url: data.path ?? "" })).headers.location).toBe("/settings/?tab=account");
});

test("the last administrator can be neither demoted, disabled nor removed, by however many at once", async () => {
  const { id } = await bench.users.byName("admin");
  const other = await create("anna", "admin");
  const attempts = await Promise.allSettled([
    bench.users.setRole(id, "viewer"),
    bench.users.setDisabled(other.id, true),
  ]);
  expect(attempts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  // One of the two is left; the other one's rights are given back.
  await bench.users.setRole(id, "admin");
  await bench.users.setDisabled(other.id, true);
  for (const attempt of [
    call("users.setRole", { id, role: "operator" }),
    call("users.setDisabled", { id, disabled: true }),
    call("users.remove", { id }),
  ])
    expect((await attempt).code).toBe("LAST_ADMIN");
  expect((await call("users.remove", { id: "nobody" })).code).toBe("USER_UNKNOWN");
  expect((await call("users.remove", { id: other.id })).status).toBe(200);
});

test("a person lists and ends their own sessions only", async () => {
  const { cookie } = await create("sam", "viewer");
  const second = cookieOf(await signIn("sam", PASSWORD));
  const mine = (await call("session.list", undefined, cookie)).data as unknown as {
    id: string;
    current: boolean;
  }[];
  expect(mine.map(({ current }) => current).sort()).toEqual([false, true]);
  const bosses = await bench.users.sessions((await bench.users.byName("admin")).id);
  expect((await call("session.end", { id: bosses[0]?.id }, cookie)).code).toBe("SESSION_UNKNOWN");
  expect((await call("session.end", { id: null }, cookie)).data).toEqual({ ended: 1 });
  expect((await call("session.me", undefined, second)).status).toBe(401);
  expect((await call("session.me", undefined, cookie)).status).toBe(200);
});

test("a key does at most what its owner may do now, and dies when it is revoked or has expired", async () => {
  const { id, cookie } = await create("kim", "operator");
  expect((await call("keys.create", { name: "x", role: "admin", days: 1 }, cookie)).code).toBe(
    "ROLE_MISSING",
  );
  const made = (await call("keys.create", { name: "x", role: "operator", days: 1 }, cookie)).data;
  const key = made.key ?? "";
  const roleOf = async () => (await call("session.me", undefined, key)).data?.user;
  expect(await roleOf()).toMatchObject({ role: "operator" });
  await call("users.setRole", { id, role: "viewer" });
  expect(await roleOf()).toMatchObject({ role: "viewer" });
  // What concerns passwords and keys is not for scripts.
  expect((await call("keys.create", { name: "y", role: "viewer", days: 1 }, key)).code).toBe(
    "SESSION_NEEDED",
  );
  expect((await call("session.end", { id: null }, key)).code).toBe("SESSION_NEEDED");

  const [row] = (await call("keys.list", undefined, cookie)).data as unknown as Record<string, string>[];
  expect(row).toMatchObject({ name: "x", owner: "kim", start: key.slice(0, 13), role: "operator" });
  expect(row?.lastUsedAt).not.toBeNull();
  expect(JSON.stringify(row)).not.toContain(key);

  // A cookie beside a wrong key does not help.
  const both = await bench.inject({
    url: "/trpc/session.me",
    headers: { cookie, authorization: "Bearer coppice_wrong" },
  });
  expect(both.statusCode).toBe(401);
  expect((await call("keys.revoke", { id: made.id }, cookieOf(await signIn("sam", PASSWORD)))).code).toBe(
    "KEY_UNKNOWN",
  );
  expect((await call("keys.revoke", { id: made.id })).status).toBe(200);
  expect((await call("session.me", undefined, key)).status).toBe(401);

  const short = (await call("keys.create", { name: "z", role: "viewer", days: 1 }, cookie)).data.key ?? "";
  await bench.clock.pass(24 * 3_600_000);
  expect((await call("session.me", undefined, short)).status).toBe(401);
});

test("a key is limited in its requests, whatever addresses they come from", async () => {
  const { id } = await bench.users.byName("olga");
  const { key } = await bench.keys.create(id, { name: "busy", role: "viewer", days: 1 });
  const statuses = [];
  for (let turn = 0; turn < 22; turn++) {
    const request = { url: "/api/v1/session/me", headers: { "x-api-key": key } };
    statuses.push((await bench.inject({ ...request, remoteAddress: `192.0.2.${turn}` })).statusCode);
  }
  expect(statuses).toEqual([...Array(20).fill(200), 429, 429]);
});

test("the audit log is filtered, exported, and never changed; no secret is in it", async () => {
  const { key } = await bench.keys.create((await bench.users.byName("admin")).id, {
    name: "export",
    role: "admin",
    days: 1,
  });
  const get = (url: string, secret = key) =>
    bench.inject({ url, headers: { authorization: `Bearer ${secret}` } });
  const list = await get("/api/v1/audit/list?username=admin&action=users.&outcome=failed&limit=500");
  const rows = list.json().rows as { action: string; outcome: string; username: string }[];
  expect(rows.length).toBeGreaterThan(3);
  for (const row of rows) expect(row).toMatchObject({ username: "admin" });
  expect(rows.every(({ action, outcome }) => action.startsWith("users.") && outcome !== "ok")).toBe(true);
  expect((await get("/api/v1/audit/list?object=OLG")).json().rows[0]).toMatchObject({ object: "olga" });
  expect((await get("/api/v1/audit/list?from=2030-01-01T00:00:00Z")).json().rows).toEqual([]);

  const lines = (await get("/api/audit.jsonl")).body.trimEnd().split("\n");
  const { count } = await bench.database
    .selectFrom("audit")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  expect(lines.map((line) => JSON.parse(line)).length).toBe(count);
  const csv = await get("/api/audit.csv?username=olga");
  expect(csv.headers["content-disposition"]).toBe('attachment; filename="coppice-audit.csv"');
  expect(csv.body).toMatch(/^at,username,apiKey,action,/);
  expect((await bench.inject({ url: "/api/audit.csv" })).statusCode).toBe(401);
  const { key: weak } = await bench.keys.create((await bench.users.byName("olga")).id, {
    name: "weak",
    role: "operator",
    days: 1,
  });
  expect((await get("/api/audit.csv", weak)).statusCode).toBe(403);

  for (const secret of [PASSWORD, key, weak, "token=", await bench.adminPassword()]) {
    expect(lines.join("\n")).not.toContain(secret);
    expect(bench.logged()).not.toContain(secret === "token=" ? "verify?token" : secret);
  }
  await expect(bench.database.updateTable("audit").set({ outcome: "ok" }).execute()).rejects.toThrow(
    "never changed",
  );
  await expect(bench.database.deleteFrom("audit").execute()).rejects.toThrow("never changed");
});

test("a field of a CSV file is quoted, and is no formula", () => {
  expect([null, "plain", 'a "b", c', "=1+1", "-x"].map(csvField)).toEqual([
    "",
    "plain",
    '"a ""b"", c"',
    "'=1+1",
    "'-x",
  ]);
});

test("the metrics are for keys and for the addresses that the settings name", async () => {
  expect((await bench.inject({ url: "/metrics" })).statusCode).toBe(401);
  const open = await bench.inject({ url: "/metrics", remoteAddress: "203.0.113.7" });
  expect(open.statusCode).toBe(200);
  expect(open.body).toContain('coppice_cluster_up{cluster="ceph"} 1');
  expect(open.body).toContain("nodejs_eventloop_lag_p99_seconds");
  const { key } = await bench.keys.create((await bench.users.byName("olga")).id, {
    name: "prometheus",
    role: "viewer",
    days: null,
  });
  const asked = await bench.inject({ url: "/metrics", headers: { authorization: `Bearer ${key}` } });
  expect(asked.body).toContain("coppice_event_streams 0");
});
