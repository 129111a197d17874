import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Chunk } from "../../../src/transfer/import/raw-chunks.ts";
import { DigestThread, StreamDigests } from "../../../src/transfer/import/stream-digests.ts";

const chunkOf = (bytes: Uint8Array): Chunk => {
  const chunk = Buffer.from(new SharedArrayBuffer(bytes.length));
  chunk.set(bytes);
  return chunk;
};

describe("StreamDigests", () => {
  it("gives what hashing everything at once gives", async () => {
    const bytes = chunkOf(Buffer.alloc(3 * 1024 ** 2 + 17, "coppice"));
    const [zeros, end] = [Buffer.alloc(200_001), chunkOf(Buffer.from("end"))];
    await using pair = new StreamDigests();
    const done = [pair.update(bytes), pair.updateZeros(zeros.length), pair.update(end.subarray(0, 2))];
    const all = Buffer.concat([bytes, zeros, end.subarray(0, 2)]);
    expect(await pair.digest()).toEqual({
      md5: createHash("md5").update(all).digest("hex"),
      sha256: createHash("sha256").update(all).digest("hex"),
      sha512: createHash("sha512").update(all).digest("hex"),
    });
    await Promise.all(done);
  });

  it("rejects what is asked of a thread that has ended, before and after", async () => {
    const thread = new DigestThread("md5");
    const pending = thread.ask({ zeros: 1024 ** 3 });
    const refused = expect(pending).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("md5"),
    });
    await thread[Symbol.asyncDispose]();
    await refused;
    await expect(thread.ask("digest")).rejects.toMatchObject({ code: "IO" });
  });

  it("says what broke the thread", async () => {
    await using thread = new DigestThread("md5");
    await thread.ask("digest");
    await expect(thread.ask("digest")).rejects.toThrow(
      "the thread that computes the md5 has ended: Digest already",
    );
  });
});
