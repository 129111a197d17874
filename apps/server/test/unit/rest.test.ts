import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restProcedures } from "../../src/rest/rest-router.ts";
import { createRouter } from "../../src/router.ts";
import { cookieOf, type HttpBench, httpBench, ORIGIN, signIn } from "../support/http-bench.ts";
import { CLUSTER, stubServices } from "../support/stub-services.ts";

const procedures = restProcedures(createRouter(stubServices().services));
const mutations = procedures.filter(({ type }) => type === "mutation");

let bench: HttpBench;
/** API keys of a viewer and of the administrator. */
let viewer: string;
let admin: string;

beforeAll(async () => {
  bench = await httpBench();
  const { id } = await bench.users.create({
    username: "vera",
    name: "",
    role: "viewer",
    password: "a long enough one",
  });
  const boss = await bench.users.byName("admin");
  viewer = (await bench.keys.create(id, { name: "watch", role: "viewer", days: null })).key;
  admin = (await bench.keys.create(boss.id, { name: "deploy", role: "admin", days: null })).key;
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

/** Calls a procedure over REST. */
function rest(method: "GET" | "POST", url: string, key?: string, body?: unknown) {
  return bench.inject({
    method,
    url: `/api/v1${url}`,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
}

/** Calls the same procedure over tRPC. */
function trpc(method: "GET" | "POST", name: string, key?: string) {
  return bench.inject({
    method,
    url: `/trpc/${name}`,
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(method === "POST" ? { payload: "{}" } : {}),
  });
}

describe("the OpenAPI document", () => {
  test("is for those who are signed in or have a key", async () => {
    expect((await rest("GET", "/openapi.json")).statusCode).toBe(401);
    expect((await rest("GET", "/openapi.json", viewer)).statusCode).toBe(200);
  });

  test("has every procedure of the router, with its method, and with the schemas of its input and output", async () => {
    const document = (await rest("GET", "/openapi.json", viewer)).json();
    expect(document.openapi).toMatch(/^3\.1\./);
    const listed = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed.sort()).toEqual(procedures.map(({ method, path }) => `${method} ${path}`).sort());
    expect(document.paths["/images/list"].get.parameters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "cluster", in: "query", required: true }),
        expect.objectContaining({ name: "limit", in: "query" }),
      ]),
    );
    expect(document.paths["/clone/start"].post.requestBody.content["application/json"].schema).toMatchObject({
      type: "object",
      required: expect.arrayContaining(["cluster", "source", "target"]),
    });
    expect(
      document.paths["/session/me"].get.responses[200].content["application/json"].schema.properties,
    ).toHaveProperty("user");
  });

  test("is shown by the dashboard", async () => {
    const response = await bench.inject({ url: "/api/docs" });
    expect([response.statusCode, response.headers.location]).toEqual([302, "/settings/?tab=api"]);
  });
});

describe.each(procedures)("$method $path", ({ name, type, method, path }) => {
  test("a stranger gets 401 on both faces", async () => {
    const [overRest, overTrpc] = await Promise.all([rest(method, path), trpc(method, name)]);
    if (type === "subscription") {
      // tRPC sends the refusal as an event.
      expect(overRest.statusCode).toBe(401);
      expect(overTrpc.body).toMatch(/event: serialized-error.*\n.*NOT_SIGNED_IN/);
      return;
    }
    expect([overRest.statusCode, overTrpc.statusCode]).toEqual([401, 401]);
    expect(overRest.json()).toEqual(overTrpc.json().error.data.coppice);
  });
});

describe.each(mutations.filter(({ role }) => role !== "viewer"))("$method $path", ({ name, path }) => {
  test("a viewer gets 403 on both faces", async () => {
    const [overRest, overTrpc] = await Promise.all([
      rest("POST", path, viewer, {}),
      trpc("POST", name, viewer),
    ]);
    expect([overRest.statusCode, overTrpc.statusCode]).toEqual([403, 403]);
    expect(overRest.json()).toEqual(overTrpc.json().error.data.coppice);
    expect(overRest.json()).toMatchObject({ code: "ROLE_MISSING" });
  });
});

test("a query takes its input from the address, and numbers become numbers", async () => {
  const response = await rest("GET", `/images/list?cluster=${CLUSTER}&limit=7`, viewer);
  expect([response.statusCode, response.json().rows]).toEqual([200, []]);
  const wrong = await rest("GET", `/images/list?cluster=${CLUSTER}&limit=many`, viewer);
  expect([wrong.statusCode, wrong.json().code]).toEqual([400, "INVALID_INPUT"]);
});

test("a mutation takes its input as JSON, and is audited as done with the key", async () => {
  const response = await rest("POST", "/inventory/refresh", viewer, { cluster: CLUSTER });
  expect([response.statusCode, response.json().cluster]).toEqual([200, CLUSTER]);
  const entries = await bench.database
    .selectFrom("audit")
    .select(["username", "apiKey", "outcome"])
    .where("action", "=", "inventory.refresh")
    .where("outcome", "=", "ok")
    .execute();
  expect(entries).toEqual([{ username: "vera", apiKey: "watch", outcome: "ok" }]);
});

test("errors have the same status, code and sentence on both faces", async () => {
  const id = "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa";
  const overRest = await rest("POST", "/users/setRole", admin, { id: "nobody" });
  expect([overRest.statusCode, overRest.json().code]).toEqual([400, "INVALID_INPUT"]);
  const unknown = await rest("GET", "/lineage/forest?cluster=other", viewer);
  expect([unknown.statusCode, unknown.json()]).toEqual([
    404,
    {
      code: "CLUSTER_UNKNOWN",
      message: 'There is no cluster "other" on this server.',
      hint: "Its clusters are: ceph.",
      object: "other",
    },
  ]);
  expect((await rest("POST", "/images/list", viewer, {})).statusCode).toBe(404);
  expect((await rest("GET", "/users/remove", admin)).statusCode).toBe(404);
  expect((await rest("GET", `/tasks/get?id=${id}`, viewer)).statusCode).toBe(200);
});

test("a body that is not JSON is refused", async () => {
  const broken = await bench.inject({
    method: "POST",
    url: "/api/v1/inventory/refresh",
    headers: { authorization: `Bearer ${viewer}`, "content-type": "application/json" },
    payload: "{",
  });
  expect([broken.statusCode, broken.json().code]).toEqual([400, "INVALID_INPUT"]);
  const form = await bench.inject({
    method: "POST",
    url: "/api/v1/inventory/refresh",
    headers: { authorization: `Bearer ${viewer}`, "content-type": "application/x-www-form-urlencoded" },
    payload: "cluster=ceph",
  });
  expect(form.statusCode).toBe(415);
});

test("with a cookie, a page of another site is refused on the REST face too", async () => {
  const cookie = cookieOf(await signIn(bench, "vera", "a long enough one"));
  const post = (origin: string) =>
    bench.inject({
      method: "POST",
      url: "/api/v1/inventory/refresh",
      headers: { origin, cookie, "content-type": "application/json" },
      payload: JSON.stringify({ cluster: CLUSTER }),
    });
  expect((await post("https://evil.example.org")).statusCode).toBe(403);
  expect((await post(ORIGIN)).statusCode).toBe(200);
});

test("the events are a stream, which ends when the key is revoked", async () => {
  const boss = await bench.users.byName("admin");
  const { id, key } = await bench.keys.create(boss.id, { name: "tail", role: "viewer", days: 1 });
  const answer = rest("GET", "/events", key);
  await expect.poll(() => bench.stubs.hub.subscribers).toBe(1);
  await bench.keys.revoke(id, null);
  const response = await answer;
  expect(response.headers["content-type"]).toContain("text/event-stream");
  expect(response.body).toContain('"type":"hello"');
});
