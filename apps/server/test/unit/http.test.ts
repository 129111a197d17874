import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inlineScriptHashes } from "../../src/http/static-site.ts";
import { cookieOf, type HttpBench, httpBench, ORIGIN, PAGE, signIn } from "../support/http-bench.ts";
import { imageRow, inventoryOf } from "../support/synthetic-inventory.ts";

let bench: HttpBench;

beforeEach(async () => {
  bench = await httpBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const get = (url: string) => bench.inject({ url, headers: {} });
const sha256 = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("the web app", () => {
  test("the policy of a page allows its own inline scripts and no others", async () => {
    const page = await get("/");
    expect(page.body).toBe(PAGE);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain(`script-src 'self' ${sha256("self.x=1")};`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.match(/script-src[^;]*/)?.[0]).not.toMatch(/unsafe|\*|http/);
    expect(page.headers["cache-control"]).toBe("no-cache");
    expect(String((await get("/images/")).headers["content-security-policy"])).toContain(sha256("images()"));
  });

  test("a page that is built again gets a new policy", async () => {
    await get("/");
    await writeFile(join(bench.webDir, "index.html"), "<script>other page</script>");
    expect(String((await get("/")).headers["content-security-policy"])).toContain(sha256("other page"));
  });

  test("files whose name changes with their content are cached for ever, others are revalidated", async () => {
    expect((await get("/_next/static/chunks/a-1234.js")).headers["cache-control"]).toBe(
      "public, max-age=31536000, immutable",
    );
    const icon = await get("/favicon.ico");
    expect(icon.headers["cache-control"]).toBe("no-cache");
    const again = await bench.inject({
      url: "/favicon.ico",
      headers: { "if-none-match": String(icon.headers.etag) },
    });
    expect(again.statusCode).toBe(304);
  });

  test("a folder without its slash redirects to the page and keeps the query", async () => {
    const response = await get("/images?search=vm");
    expect([response.statusCode, response.headers.location]).toEqual([301, "/images/?search=vm"]);
  });

  test("an unknown path is answered with the 404 page of the web app", async () => {
    const response = await get("/nowhere/");
    expect([response.statusCode, response.body]).toEqual([404, "<!doctype html>Not here"]);
    expect(response.headers["content-security-policy"]).toContain("script-src 'self'");
  });

  test("nothing outside of the folder is served", async () => {
    for (const path of [
      "/../admin-password",
      "/%2e%2e/admin-password",
      "/images/..%2f..%2f..%2fadmin-password",
      "//admin-password",
    ]) {
      const response = await get(path);
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.body).not.toContain(await bench.adminPassword());
    }
  });

  test("an unknown path of the API is answered in JSON", async () => {
    expect((await get("/api/nothing")).json()).toMatchObject({ code: "NOT_FOUND" });
    expect((await get("/trpc/no.such")).json()).toMatchObject({ error: { data: { httpStatus: 404 } } });
  });
});

test("inline scripts are found with any attributes, scripts with a source are not", () => {
  const html = `<script id="a" nonce>one</script><script async src="/x.js"></script><SCRIPT type="module">two
</SCRIPT><script>one</script>`;
  expect(inlineScriptHashes(html)).toEqual([sha256("one"), sha256("two\n")]);
});

describe("requests of other sites", () => {
  const start = (headers: Record<string, string>) =>
    bench.inject({
      method: "POST",
      url: "/trpc/inventory.refresh",
      headers: { "content-type": "application/json", ...headers },
      payload: JSON.stringify({ cluster: "ceph" }),
    });

  test("are refused, with or without a session", async () => {
    const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
    const outcomes = await Promise.all([
      start({ cookie, origin: "https://evil.example.org" }),
      start({ cookie, origin: "http://localhost:9999" }),
      start({ cookie, origin: "null" }),
      start({ cookie, "sec-fetch-site": "cross-site" }),
      start({ cookie, "sec-fetch-site": "same-site", origin: ORIGIN }),
      start({ cookie }), // says nothing of where it comes from
      start({ origin: "https://evil.example.org" }),
    ]);
    expect(outcomes.map(({ statusCode }) => statusCode)).toEqual(Array(7).fill(403));
    expect(outcomes[0]?.json()).toMatchObject({ code: "FOREIGN_ORIGIN" });
  });

  test("cannot sign anybody in", async () => {
    const response = await signIn(bench, "admin", await bench.adminPassword(), {
      origin: "https://evil.example.org",
    });
    expect([response.statusCode, response.cookies]).toEqual([403, []]);
  });

  test("requests of the dashboard's own pages are accepted under any name of the server", async () => {
    const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
    const own = await Promise.all([
      start({ cookie, origin: ORIGIN, "sec-fetch-site": "same-origin" }),
      start({ cookie, host: "127.0.0.1:4400", origin: "http://127.0.0.1:4400" }),
    ]);
    expect(own.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  });

  test("a form cannot call the API", async () => {
    const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
    const response = await start({ cookie, origin: ORIGIN, "content-type": "text/plain" });
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
  });
});

describe("files that the build has compressed", () => {
  const script = fileURLToPath(new URL("../../../../scripts/precompress.mjs", import.meta.url));
  const page = `${PAGE}${"<p>text</p>".repeat(500)}`;

  beforeEach(async () => {
    await writeFile(join(bench.webDir, "index.html"), page);
    await writeFile(join(bench.webDir, "_next/static/chunks/long.js"), "long()\n".repeat(1000));
    await promisify(execFile)(process.execPath, [script, bench.webDir]);
  });

  test.each([
    ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
    ["gzip, deflate", "gzip", gunzipSync],
  ] as const)("are sent as they are to a browser that accepts %s", async (accepted, encoding, decompress) => {
    const response = await bench.inject({ url: "/", headers: { "accept-encoding": accepted } });
    expect(response.headers["content-encoding"]).toBe(encoding);
    expect(decompress(response.rawPayload).toString()).toBe(page);
    expect(response.headers["content-type"]).toMatch(/^text\/html/);
    expect(String(response.headers["content-security-policy"])).toContain(sha256("self.x=1"));
    const chunk = await bench.inject({
      url: "/_next/static/chunks/long.js",
      headers: { "accept-encoding": accepted },
    });
    expect(chunk.headers["content-encoding"]).toBe(encoding);
    const stored = join(bench.webDir, `_next/static/chunks/long.js.${encoding === "br" ? "br" : "gz"}`);
    expect(chunk.rawPayload.equals(await readFile(stored))).toBe(true);
    expect(chunk.headers["cache-control"]).toContain("immutable");
  });

  test("are sent plain to a client that accepts no encoding", async () => {
    const response = await get("/");
    expect([response.headers["content-encoding"], response.body]).toEqual([undefined, page]);
  });
});

describe("compression", () => {
  const images = Array.from({ length: 500 }, (_, index) => imageRow({ pool: "rbd", name: `image-${index}` }));
  const url = `/trpc/lineage.forest?input=${encodeURIComponent(JSON.stringify({ cluster: "ceph" }))}`;
  const isForest = (body: string) => expect(JSON.parse(body).result.data.nodes).toHaveLength(500);
  beforeEach(async () => {
    await bench[Symbol.asyncDispose]();
    bench = await httpBench({ inventory: inventoryOf(images) });
  });

  test.each([
    ["gzip, deflate, br, zstd", "zstd", zstdDecompressSync],
    ["gzip, deflate, br", "gzip", gunzipSync],
  ] as const)(
    "a long response to a browser that accepts %s is sent as %s",
    async (accepted, encoding, unpack) => {
      const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
      const response = await bench.inject({
        url,
        headers: { cookie, "accept-encoding": accepted },
      });
      expect(response.headers["content-encoding"]).toBe(encoding);
      const unpacked = unpack(response.rawPayload).toString();
      isForest(unpacked);
      expect(response.rawPayload.length).toBeLessThan(unpacked.length / 10);
    },
  );

  test("a short response, and one to a client that accepts no encoding, is not compressed", async () => {
    const short = await bench.inject({ url: "/healthz", headers: { "accept-encoding": "gzip" } });
    expect(short.headers["content-encoding"]).toBeUndefined();
    const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
    const plain = await bench.inject({ url, headers: { cookie } });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    isForest(plain.body);
  });
});

describe("health", () => {
  test("ready when the database and the cluster answer", async () => {
    const response = await get("/readyz");
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { ready: true, checks: { database: "ok", cluster: "ok" } },
    ]);
  });

  test("not ready without the cluster, but alive, and the response reveals nothing about the installation", async () => {
    bench.cluster.error = new Error("no monitor at 10.1.2.3 for client.admin with /etc/ceph/keyring");
    const response = await get("/readyz");
    expect([response.statusCode, response.json()]).toEqual([
      503,
      { ready: false, checks: { database: "ok", cluster: "The cluster does not answer." } },
    ]);
    expect((await get("/healthz")).statusCode).toBe(200);
  });

  test("the cluster is checked once a second at most", async () => {
    await get("/readyz");
    bench.cluster.error = new Error("gone");
    expect((await get("/readyz")).statusCode).toBe(200);
    await bench.clock.pass(1001);
    expect((await get("/readyz")).statusCode).toBe(503);
  });

  test("not ready without the database", async () => {
    await bench.database.destroy();
    expect((await get("/readyz")).json()).toMatchObject({
      checks: { database: "The database does not answer." },
    });
  });
});

test("an unexpected error is a plain message for the caller and a stack trace in the log", async () => {
  const cookie = cookieOf(await signIn(bench, "admin", await bench.adminPassword()));
  bench.stubs.cluster.usage = async () => {
    throw new Error("undefined is not a function, of all things");
  };
  const response = await bench.inject({
    url: `/trpc/cluster.info?input=${encodeURIComponent(JSON.stringify({ cluster: "ceph" }))}`,
    headers: { cookie },
  });
  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({
    error: { message: "Something went wrong in the server.", data: { coppice: { code: "INTERNAL" } } },
  });
  expect(response.body).not.toContain("of all things");
  expect(bench.logged()).toContain("of all things");
});
