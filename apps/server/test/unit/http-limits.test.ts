import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { logConsole } from "../../src/http/http-server.ts";
import { cookieOf, type HttpBench, httpBench, ORIGIN, signIn } from "../support/http-bench.ts";

let bench: HttpBench;

beforeEach(async () => {
  bench = await httpBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe("long bodies", () => {
  const post = (contentType: string, payload: string) =>
    bench.inject({
      method: "POST",
      url: "/trpc/clone.start",
      headers: { origin: ORIGIN, "content-type": contentType },
      payload,
    });

  test("of any other type than JSON are refused unread", async () => {
    const part = `--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n${"a".repeat(1000)}\r\n--x--\r\n`;
    expect((await post("multipart/form-data; boundary=x", part)).statusCode).toBe(415);
    expect((await post("application/octet-stream", part)).statusCode).toBe(415);
  });

  test("of JSON are refused above the limit", async () => {
    expect((await post("application/json", JSON.stringify("a".repeat(300 * 1024)))).statusCode).toBe(413);
  });
});

describe("a redirect after the sign-in link", () => {
  test.each([
    "/.//evil.example/",
    "/%2e//evil.example/",
    "/a/..//evil.example/",
    "http://localhost:4400//evil.example/",
    "//evil.example/",
    "https://evil.example/",
  ])("does not lead a stranger to another site: %s", async (target) => {
    for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"]) {
      const query = new URLSearchParams({ token: "x", [name]: target });
      const { statusCode, headers } = await bench.inject({ url: `/api/auth/magic-link/verify?${query}` });
      const location = headers.location ?? "/";
      expect([302, 403], `${name} ${location}`).toContain(statusCode);
      expect(new URL(location, ORIGIN).origin, `${name} ${location}`).toBe(ORIGIN);
    }
  });
});

describe("a flood of requests", () => {
  test("is refused with the time after which to try again, whatever is requested", async () => {
    await using limited = await httpBench({ requestLimit: 100 });
    const status: number[] = [];
    for (let turn = 0; turn < 110; turn++) {
      const url = ["/healthz", "/nowhere", "/trpc/session.me", "/"][turn % 4] ?? "/";
      status.push((await limited.inject({ url })).statusCode);
    }
    expect(status.slice(0, 100)).not.toContain(429);
    expect(status.slice(100)).toEqual(Array(10).fill(429));
    const refused = await limited.inject({
      method: "POST",
      url: "/trpc/x",
      headers: { origin: "http://a.b" },
    });
    expect(refused.json()).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect((await limited.inject({ url: "/healthz", remoteAddress: "203.0.113.9" })).statusCode).toBe(200);
  });

  test("writes short lines, whatever the headers and the path hold", async () => {
    const before = bench.logged().length;
    await bench.inject({
      method: "POST",
      url: `/${"p".repeat(6000)}`,
      headers: { origin: `https://${"o".repeat(6000)}.example` },
    });
    const lines = bench.logged().slice(before).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line.length).toBeLessThan(1000);
  });

  test("that is sent slowly is closed", async () => {
    await using slow = await httpBench({ requestTimeoutMs: 300 });
    const url = new URL(await slow.server.listen({ port: 0 }));
    const socket = connect(Number(url.port), url.hostname);
    socket.write("POST /trpc/clone.start HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
    socket.write("content-length: 100\r\n\r\n{");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1.1 408/);
  });

  test("and headers that are sent slowly are closed by default too", () => {
    expect(bench.server.server.headersTimeout).toBe(15_000);
  });

  test("is not closed when it is the upload of a disk", async () => {
    await using slow = await httpBench({ requestTimeoutMs: 300 });
    const cookie = cookieOf(await signIn(slow, "admin", await slow.adminPassword()));
    const admin = await slow.database.selectFrom("user").select("id").executeTakeFirstOrThrow();
    const { uploads } = slow.stubs.services.imports;
    const id = uploads.expect(admin.id);
    const url = new URL(await slow.server.listen({ port: 0 }));
    const begin = (method: string, path: string, more: string) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost:4400\r\norigin: ${ORIGIN}\r\n`);
      socket.write(`cookie: ${cookie}\r\ncontent-length: 4\r\n${more}\r\n\r\nab`);
      return socket;
    };
    const upload = begin("PUT", `/api/uploads/${id}`, "content-type: application/octet-stream");
    using taken = await uploads.take(id, new AbortController().signal);
    const other = begin("POST", "/trpc/clone.start", "content-type: application/json");
    await once(other.resume(), "close");
    upload.write("cd");
    const read: Buffer[] = [];
    for await (const piece of taken.body) read.push(piece);
    expect(Buffer.concat(read).toString()).toBe("abcd");
    taken[Symbol.dispose]();
    const [answer] = await once(upload, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 204/);
    upload.destroy();
  });

  test("of attempts to sign in is told when to try again", async () => {
    let last = await signIn(bench, "admin", "guess");
    for (let turn = 0; turn < 11; turn++) last = await signIn(bench, "admin", "guess");
    expect(last.statusCode).toBe(429);
    expect(Number(last.headers["retry-after"])).toBeGreaterThan(0);
  });
});

describe("a wrong request", () => {
  test("that is not JSON is answered with 400, and is no failure in the log", async () => {
    const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
    const answers = [
      await bench.inject({ url: "/trpc/images.list?input={", headers: { cookie } }),
      await bench.inject({
        method: "POST",
        url: "/trpc/inventory.refresh",
        headers: { cookie, origin: ORIGIN, "content-type": "application/json" },
        payload: "{",
      }),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ error: { data: { coppice: { code: "INVALID_INPUT" } } } });
    }
    expect(bench.logged()).not.toContain('"stack"');
  });

  test("with a Host header that is none is answered with 400", async () => {
    for (const host of ["a b", "[::1", "a:b:c", "exa<mple"]) {
      const { statusCode } = await bench.inject({ url: "/api/auth/get-session", headers: { host } });
      expect([host, statusCode]).toEqual([host, 400]);
    }
  });

  test("with a long batch reaches its procedures", async () => {
    const path = Array(12).fill("clusters.list,cluster.info").join(",").split(",").slice(0, 20).join(",");
    expect(path.length).toBeGreaterThan(200);
    expect((await bench.inject({ url: `/trpc/${path}?batch=1&input=%7B%7D` })).statusCode).not.toBe(404);
  });
});

test("every answer names its request, as the log does", async () => {
  const { headers } = await bench.inject({ url: "/healthz" });
  expect(String(headers["x-request-id"])).toMatch(/^[\w-]{8,}$/);
  expect(bench.logged()).toContain(String(headers["x-request-id"]));
});

test("what libraries print becomes lines of the log, without colors", () => {
  const before = { ...console };
  try {
    logConsole(bench.server.log);
    console.warn("\u001b[33mWARN\u001b[39m %s", "careful");
  } finally {
    Object.assign(console, before);
  }
  const line = bench.logged().trimEnd().split("\n").at(-1) ?? "";
  expect(JSON.parse(line)).toMatchObject({ level: 40, from: "console", msg: "WARN careful" });
});
