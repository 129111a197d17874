import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { askAdminSocket, askForObject } from "../../../src/process/admin-socket.ts";
import { scratchFolder } from "../../support/scratch.ts";

/** Listens as a daemon does, in a folder whose path is too long for a unix socket. */
async function fakeDaemon(answer: (request: string, socket: Socket) => void) {
  const scratch = await scratchFolder();
  const folder = join(scratch.path, "deep".repeat(40));
  await mkdir(folder);
  const handle = await open(folder);
  const server = createServer((socket) => {
    socket.setEncoding("utf8").once("data", (request) => answer(String(request), socket));
  });
  server.listen(`/proc/self/fd/${handle.fd}/osd.0.asok`);
  await once(server, "listening");
  return {
    socket: { folder, name: "osd.0.asok" },
    async [Symbol.asyncDispose]() {
      server.close();
      await handle.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

function frame(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

const never = new AbortController().signal;

describe("askForObject", () => {
  test("asks as ceph daemon does and parses the answer", async () => {
    let request = "";
    await using daemon = await fakeDaemon((text, socket) => {
      request = text;
      socket.end(frame('{"state":"active"}'));
    });
    expect(await askForObject(daemon.socket, "status", never)).toEqual({ state: "active" });
    expect(request).toBe('{"prefix":"status","format":"json"}\0');
  });

  test("has no answer while the daemon does not know the command", async () => {
    await using daemon = await fakeDaemon((_, socket) => socket.end(frame("ERROR: (22) Invalid argument")));
    expect(await askForObject(daemon.socket, "status", never)).toBeUndefined();
  });
});

describe("askAdminSocket", () => {
  test("has no answer from a daemon that ends before its answer is complete", async () => {
    await using daemon = await fakeDaemon((_, socket) => socket.end(frame("{}").subarray(0, 5)));
    expect(await askAdminSocket(daemon.socket, {}, never)).toBeUndefined();
  });

  test("has no answer without a listener, a socket or a folder", async () => {
    await using daemon = await fakeDaemon((_, socket) => socket.destroy());
    expect(await askAdminSocket({ ...daemon.socket, name: "osd.1.asok" }, {}, never)).toBeUndefined();
    expect(await askAdminSocket({ folder: "/nowhere", name: "osd.0.asok" }, {}, never)).toBeUndefined();
  });

  test("does not wait for a daemon that hangs once aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    await using daemon = await fakeDaemon(() => controller.abort(reason));
    await expect(askAdminSocket(daemon.socket, {}, controller.signal)).rejects.toBe(reason);
  });
});
