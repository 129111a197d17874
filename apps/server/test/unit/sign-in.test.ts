import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFirstAdmin } from "../../src/access/accounts.ts";
import { cookieOf, type HttpBench, httpBench, ORIGIN, signIn } from "../support/http-bench.ts";

let bench: HttpBench;

beforeEach(async () => {
  bench = await httpBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const me = (cookie?: string) =>
  bench.inject({
    url: "/trpc/session.me",
    headers: { ...(cookie ? { cookie } : {}) },
  });

test("the administrator of the first start signs in with the password from the file", async () => {
  const response = await signIn(bench, "admin", await bench.adminPassword());
  expect(response.statusCode).toBe(200);
  const [cookie] = response.cookies;
  expect(cookie).toMatchObject({
    name: "coppice.session_token",
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
  });
  expect(cookie?.secure).toBeUndefined();
  const session = await me(cookieOf(response));
  expect(session.json()).toMatchObject({ result: { data: { user: { username: "admin", role: "admin" } } } });
});

test("without a session every procedure is refused", async () => {
  const response = await me();
  expect(response.statusCode).toBe(401);
  expect(response.json()).toMatchObject({ error: { data: { coppice: { code: "NOT_SIGNED_IN" } } } });
  expect(response.body).not.toContain("stack");
});

test("a wrong password and an unknown name get the same refusal", async () => {
  const wrong = await signIn(bench, "admin", "not the password");
  const unknown = await signIn(bench, "nobody", "not the password");
  expect([wrong.statusCode, unknown.statusCode]).toEqual([401, 401]);
  expect(wrong.json()).toEqual(unknown.json());
  expect(wrong.cookies).toEqual([]);
});

test("attempts are limited by address, and a forged address does not help", async () => {
  const answers: number[] = [];
  for (let turn = 0; turn < 14; turn++) {
    const spoofed = `203.0.113.${turn}`;
    const headers = { "x-forwarded-for": spoofed, "x-coppice-client-address": spoofed };
    answers.push((await signIn(bench, "admin", "guess", headers)).statusCode);
  }
  expect(answers.slice(0, 10)).toEqual(Array(10).fill(401));
  expect(answers.slice(10)).toEqual(Array(4).fill(429));
});

test("after signing out the cookie is not valid any more", async () => {
  const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
  expect((await me(cookie)).statusCode).toBe(200);
  const out = await bench.inject({
    method: "POST",
    url: "/api/auth/sign-out",
    headers: { origin: ORIGIN, cookie, "content-type": "application/json" },
    payload: "{}",
  });
  expect(out.statusCode).toBe(200);
  expect((await me(cookie)).statusCode).toBe(401);
});

test("sign-in and sign-out are in the audit log", async () => {
  const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
  await bench.inject({
    method: "POST",
    url: "/api/auth/sign-out",
    headers: { origin: ORIGIN, cookie, "content-type": "application/json" },
    payload: "{}",
  });
  const entries = await bench.database.selectFrom("audit").selectAll().execute();
  expect(
    entries.map(({ action, username, outcome, address }) => [action, username, outcome, address]),
  ).toEqual(
    expect.arrayContaining([
      ["sign-in", "admin", "ok", bench.address],
      ["sign-out", "admin", "ok", bench.address],
    ]),
  );
});

test("accounts cannot be created from outside, and no other part of better-auth can be reached", async () => {
  for (const path of [
    "sign-up/email",
    "sign-in/email",
    "sign-in/magic-link",
    "is-username-available",
    "update-user",
    "ok",
    "error",
  ]) {
    const response = await bench.inject({
      method: "POST",
      url: `/api/auth/${path}`,
      headers: { origin: ORIGIN, "content-type": "application/json" },
      payload: JSON.stringify({
        email: "eve@example.org",
        password: "correct horse battery",
        name: "Eve",
        username: "eve",
      }),
    });
    expect([path, response.statusCode]).toEqual([path, 404]);
  }
  expect(await bench.database.selectFrom("user").select("username").execute()).toEqual([
    { username: "admin" },
  ]);
});

test("a person cannot give themselves a role", async () => {
  await bench.database.updateTable("user").set({ role: "viewer" }).execute();
  const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword(), { role: "admin" }));
  const session = await me(cookie);
  expect(session.json()).toMatchObject({ result: { data: { user: { role: "viewer" } } } });
});

test("the sign-in link works once, and redirects to the name it was opened by", async () => {
  const link = await bench.openAuth.signInLink(ORIGIN);
  expect(link?.username).toBe("admin");
  const { pathname, search } = new URL(link?.url ?? "");
  const open = () => bench.inject({ url: pathname + search, headers: { host: "127.0.0.1:4400" } });
  const first = await open();
  expect([first.statusCode, first.headers.location]).toEqual([302, "/"]);
  expect((await me(cookieOf(first))).statusCode).toBe(200);
  const second = await open();
  expect([second.statusCode, second.headers.location]).toEqual([302, "/sign-in/?error=INVALID_TOKEN"]);
  expect(second.cookies).toEqual([]);
});

test("the sign-in link cannot lead to another site", async () => {
  const link = await bench.openAuth.signInLink(ORIGIN);
  const url = new URL(link?.url ?? "");
  url.searchParams.set("callbackURL", "https://evil.example.org/");
  const response = await bench.inject({
    url: url.pathname + url.search,
    headers: {},
  });
  expect(response.statusCode).toBe(403);
  expect(response.cookies).toEqual([]);
});

test("secrets are readable by their owner only, and do not change when the server starts again", async () => {
  for (const file of ["admin-password", "auth-secret"]) {
    expect((await stat(join(bench.dataDir, file))).mode & 0o777).toBe(0o600);
  }
  const before = await bench.adminPassword();
  const again = createFirstAdmin({
    auth: bench.openAuth.auth,
    database: bench.database,
    password: async () => "another one",
  });
  expect(await again).toBe(false);
  expect(await bench.adminPassword()).toBe(before);
  expect((await signIn(bench, "admin", before)).statusCode).toBe(200);
});

test("an administrator whose creation was interrupted gets the password at the next start", async () => {
  await bench.database.deleteFrom("account").execute();
  const password = () => bench.adminPassword();
  expect(await createFirstAdmin({ auth: bench.openAuth.auth, database: bench.database, password })).toBe(
    true,
  );
  expect((await signIn(bench, "admin", await password())).statusCode).toBe(200);
});

test("no password, token or cookie is in the log at any level", async () => {
  const password = await bench.adminPassword();
  const link = await bench.openAuth.signInLink(ORIGIN);
  const { pathname, search, searchParams } = new URL(link?.url ?? "");
  const response = await bench.inject({ url: pathname + search, headers: {} });
  const cookie = cookieOf(response);
  await me(cookie);
  await signIn(bench, "admin", password, { cookie });
  await signIn(bench, "admin", "wrong-password-typed", { cookie });
  const logged = bench.logged();
  expect(logged).toContain("answered");
  for (const secret of [
    password,
    "wrong-password-typed",
    searchParams.get("token") ?? "",
    response.cookies[0]?.value ?? "",
  ]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(logged).not.toContain(secret);
  }
});

test("behind https the cookie is sent over https only", async () => {
  await using https = await httpBench({ publicUrl: "https://coppice.example.org" });
  const response = await signIn(https, "admin", await https.adminPassword(), {
    host: "coppice.example.org",
    origin: "https://coppice.example.org",
  });
  expect(response.cookies[0]).toMatchObject({
    name: "__Secure-coppice.session_token",
    secure: true,
    httpOnly: true,
  });
  expect(response.headers["strict-transport-security"]).toBeDefined();
});
