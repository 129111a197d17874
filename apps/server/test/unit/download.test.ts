import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPrivate, openDownload, parseDownloadUrl, shownUrl } from "../../src/volumes/download.ts";

describe("an address to download from", () => {
  const parse = (url: string, allowPrivate = false) => parseDownloadUrl(url, { allowPrivate });

  test.each([
    "ftp://example.org/disk.raw",
    "file:///etc/passwd",
    "disk.raw",
    "",
    "https://ada:secret@example.org/disk.raw",
    "http://127.0.0.1/disk.raw",
    "http://[::1]:8080/",
    "http://2130706433/", // 127.0.0.1 as one number
    "http://0x7f.1/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data/",
  ])("is refused: %s", (url) => {
    expect(() => parse(url)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });

  test("of a private network is taken when that is configured", () => {
    expect(parse("http://10.1.2.3/disk.raw", true).host).toBe("10.1.2.3");
  });

  test("is shown without its query, which may hold a key", () => {
    expect(shownUrl(parse("https://example.org/disk.raw?X-Signature=abc"))).toBe(
      "https://example.org/disk.raw",
    );
  });

  test.each<[string, boolean]>([
    ["10.1.2.3", true],
    ["172.31.255.255", true],
    ["192.168.0.1", true],
    ["100.64.0.1", true],
    ["169.254.169.254", true],
    ["0.0.0.0", true],
    ["255.255.255.255", true],
    ["::", true],
    ["::1", true],
    ["fe80::1", true],
    ["fd00::1", true],
    ["::ffff:192.168.0.1", true],
    ["64:ff9b::a00:1", true],
    ["172.32.0.1", false],
    ["8.8.8.8", false],
    ["2606:4700::1111", false],
    ["::ffff:8.8.8.8", false],
  ])("%s is private: %s", (address, expected) => {
    expect(isPrivate(address)).toBe(expected);
  });
});

describe("a download", () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const to = { "/moved": "/disk", "/round": "/round", "/away": "ftp://example.org/" }[pathname];
      if (to !== undefined) response.writeHead(302, { location: to }).end();
      else if (pathname === "/disk") response.end("disk");
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const open = (url: string, allowPrivate = true) =>
    openDownload(new URL(url), { allowPrivate, signal: new AbortController().signal });

  test("follows redirects, and knows its size", async () => {
    using download = await open(`${origin}/moved`);
    expect(download.size).toBe(4);
    const pieces: Buffer[] = [];
    for await (const piece of download.body) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe("disk");
  });

  test.each([
    ["/missing?key=secret", "DOWNLOAD_FAILED", "/missing was answered with 404."],
    ["/round", "DOWNLOAD_FAILED", "more than 5 times"],
    ["/away", "INVALID_INPUT", "http://"],
  ])("of %s fails with %s", async (path, code, message) => {
    const failed = open(`${origin}${path}`);
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining("secret") });
  });

  test("by a name that leads to this machine is refused when it is resolved", async () => {
    const { port } = new URL(origin);
    await expect(open(`http://localhost:${port}/disk`, false)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("private network"),
    });
  });
});
