import { afterEach, beforeEach, expect, test } from "vitest";
import { cookieOf, type HttpBench, httpBench, ORIGIN, signIn } from "../support/http-bench.ts";

let bench: HttpBench;

beforeEach(async () => {
  bench = await httpBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const DAY_MS = 24 * 60 * 60 * 1000;

const session = async () => cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
const me = (cookie: string) => bench.inject({ url: "/trpc/session.me", headers: { cookie } });
const post = (path: string, cookie: string, body: object) =>
  bench.inject({
    method: "POST",
    url: `/api/auth/${path}`,
    headers: { origin: ORIGIN, cookie, "content-type": "application/json" },
    payload: JSON.stringify(body),
  });
const changePassword = async (cookie: string) =>
  post("change-password", cookie, {
    currentPassword: await bench.adminPassword(),
    newPassword: "another long password",
    revokeOtherSessions: false,
  });
const audit = async () =>
  (await bench.database.selectFrom("audit").selectAll().execute()).map(
    ({ action, username, outcome, address }) => [action, username, outcome, address],
  );

/** Opens the event stream of a tab; resolves when the server has ended it. */
async function stream(cookie: string): Promise<{ ended: Promise<string> }> {
  const origin = await bench.server.listen({ port: 0 });
  const response = await fetch(`${origin}/trpc/events`, { headers: { cookie, accept: "text/event-stream" } });
  expect(response.status).toBe(200);
  return { ended: response.text() };
}

test("the stream of events ends when the person signs out", async () => {
  const cookie = await session();
  const { ended } = await stream(cookie);
  expect((await post("sign-out", cookie, {})).statusCode).toBe(200);
  expect(await ended).toContain("event: return");
});

test("a change of the password ends every other session, and its streams", async () => {
  const [other, own] = [await session(), await session()];
  expect((await me(other)).statusCode).toBe(200);
  const { ended } = await stream(other);
  const changed = await changePassword(own);
  expect(changed.statusCode).toBe(200);
  await ended;
  expect((await me(other)).statusCode).toBe(401);
  expect((await me(cookieOf(changed))).statusCode).toBe(200);
  expect((await audit()).map(([action]) => action)).toEqual(["sign-in", "sign-in", "change-password"]);
});

test("the cookie of an active person lasts longer and longer", async () => {
  const cookie = await session();
  expect((await me(cookie)).cookies).toEqual([]);
  await bench.clock.pass(10_000);
  const expiresAt = new Date(Date.now() + 5 * DAY_MS).toISOString();
  await bench.database.updateTable("session").set({ expiresAt }).execute();
  const renewed = await me(cookie);
  expect(renewed.statusCode).toBe(200);
  expect(renewed.cookies[0]).toMatchObject({ name: "coppice.session_token", maxAge: (7 * DAY_MS) / 1000 });
  expect((await me(cookieOf(renewed))).statusCode).toBe(200);
});

test("a failed sign-in is in the audit log and in the log, with the account and the address", async () => {
  await signIn(bench, "Admin", "not the password");
  await signIn(bench, "my-secret-typed-here", "not the password");
  expect(await audit()).toEqual([["sign-in", "admin", "WRONG_PASSWORD", bench.address]]);
  const lines = bench
    .logged()
    .split("\n")
    .filter((line) => line.includes("a sign-in failed"));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { username: "admin", address: bench.address },
    { username: null, address: bench.address },
  ]);
  expect(bench.logged()).not.toContain("my-secret-typed-here");
});

test("an address that guesses can sign in to that account no more for a while; others can", async () => {
  const attempt = (number: number, password: string) =>
    bench.inject({
      method: "POST",
      url: "/api/auth/sign-in/username",
      remoteAddress: `203.0.113.${number}`,
      headers: { origin: ORIGIN, "content-type": "application/json" },
      payload: JSON.stringify({ username: "admin", password }),
    });
  for (let guess = 0; guess < 10; guess++) expect((await attempt(1, "guess")).statusCode).toBe(401);
  const password = await bench.adminPassword();
  const refused = await attempt(1, password);
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect((await attempt(2, password)).statusCode).toBe(200);
}, 60_000);

test("an account that is guessed from everywhere is tried more slowly, and not from where it was signed in to", async () => {
  await using own = await httpBench();
  const attempt = (number: number, password: string) =>
    own.inject({
      method: "POST",
      url: "/api/auth/sign-in/username",
      remoteAddress: `192.0.2.${number}`,
      headers: { origin: ORIGIN, "content-type": "application/json" },
      payload: JSON.stringify({ username: "admin", password }),
    });
  const password = await own.adminPassword();
  expect((await attempt(200, password)).statusCode).toBe(200);
  const guesses = Array.from(
    { length: 30 },
    async (_, number) => (await attempt(number, "guess")).statusCode,
  );
  expect(await Promise.all(guesses)).toEqual(Array(30).fill(401));

  const order: string[] = [];
  const waiting = ["first", "second"].map(async (name, index) => {
    const { statusCode } = await attempt(60 + index, password);
    order.push(name);
    return statusCode;
  });
  expect(await waiting[0]).toBe(200); // the turn is free
  expect((await attempt(200, password)).statusCode).toBe(200); // known: it does not wait
  expect(order).toEqual(["first"]);
  await own.clock.pass(1000);
  expect(await waiting[1]).toBe(200);

  const crowd = Array.from({ length: 12 }, (_, index) => attempt(100 + index, "guess"));
  const refused = await Promise.race(crowd);
  expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([429, "10"]);
  for (let turn = 0; turn < 12; turn++) await own.clock.pass(1000);
  const statuses = (await Promise.all(crowd)).map(({ statusCode }) => statusCode);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
}, 120_000);

test("the session of requests that follow each other is read once", async () => {
  const cookie = await session();
  await me(cookie);
  const { id } = await bench.database.selectFrom("session").select("id").executeTakeFirstOrThrow();
  await bench.database.deleteFrom("session").where("id", "=", id).execute();
  expect((await me(cookie)).statusCode).toBe(200);
  await bench.clock.pass(5000);
  expect((await me(cookie)).statusCode).toBe(401);
});
