import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  checkLength,
  detectFormat,
  formatHeadLength,
  peek,
  readSource,
} from "../../../src/template/source.ts";
import { collect } from "../collect.ts";

function head(text: string, offset = 0): Buffer {
  const bytes = Buffer.alloc(formatHeadLength);
  bytes.write(text, offset, "latin1");
  return bytes;
}

describe("detectFormat", () => {
  it.each([
    ["qcow2", head("QFI\xfb")],
    ["vmdk", head("KDMV")],
    ["vmdk", head("# Disk DescriptorFile\n")],
    ["vhdx", head("vhdxfile")],
    ["vdi", head("\x7f\x10\xda\xbe", 64)],
    ["qed", head("QED\0")],
    ["luks", head("LUKS\xba\xbe")],
    ["raw", head("\xeb\x63\x90")],
    ["raw", Buffer.alloc(0)],
    ["raw", Buffer.from("QF")],
    ["raw", head("vdi", 64)],
  ])("says %s", (format, bytes) => {
    expect(detectFormat(bytes)).toBe(format);
  });
});

describe("peek", () => {
  it("shows the head and still delivers everything", async () => {
    const peeked = await peek(Readable.from([Buffer.from("ab"), Buffer.from("cd"), Buffer.from("ef")]), 3);
    expect(peeked.head.toString()).toBe("abc");
    expect(Buffer.concat(await collect(peeked.bytes)).toString()).toBe("abcdef");
  });

  it("shows what there is of a short stream", async () => {
    const peeked = await peek(Readable.from([Buffer.from("ab")]), 3);
    expect(peeked.head.toString()).toBe("ab");
    expect(Buffer.concat(await collect(peeked.bytes)).toString()).toBe("ab");
  });

  it("ends the stream when it is disposed unread", async () => {
    const stream = Readable.from([Buffer.from("ab"), Buffer.from("cd")]);
    await using peeked = await peek(stream, 1);
    await peeked[Symbol.asyncDispose]();
    expect(stream.destroyed).toBe(true);
  });

  it("ends the stream when reading stops early", async () => {
    const stream = Readable.from([Buffer.from("ab"), Buffer.from("cd"), Buffer.from("ef")]);
    const peeked = await peek(stream, 1);
    for await (const _ of peeked.bytes) break;
    expect(stream.destroyed).toBe(true);
  });

  it("passes on the failure of the stream", async () => {
    const stream = Readable.from(
      (async function* () {
        yield Buffer.from("ab");
        throw new Error("broke");
      })(),
    );
    await expect(peek(stream, 10)).rejects.toThrow("broke");
  });
});

describe("readSource", () => {
  it("says where the source broke off, and why", async () => {
    async function* breaking() {
      yield Buffer.from("abc");
      throw new Error("connection reset");
    }
    await expect(collect(readSource(breaking(), "the stream", undefined))).rejects.toMatchObject({
      code: "IO",
      object: "the stream",
      message: expect.stringContaining("the stream broke off after 3 bytes: connection reset"),
      cause: { message: "connection reset" },
    });
  });
});

describe("checkLength", () => {
  const pieces = () => Readable.from([Buffer.from("ab"), Buffer.from("cde")]);
  const passed = async (size: number | null, bytes = pieces()) =>
    Buffer.concat(await collect(checkLength(bytes, "x.raw", size))).toString();

  it("passes on a source of the stated size, and one whose size is not known", async () => {
    expect(await passed(5)).toBe("abcde");
    expect(await passed(null)).toBe("abcde");
  });

  it.each([
    ["too short", 6, "IO", "only 5 of the expected 6 bytes"],
    ["too long", 4, "INVALID_ARGUMENT", "more than the expected 4 bytes"],
  ])("refuses one that is %s", async (_, size, code, message) => {
    await expect(passed(size)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it("refuses one above the limit by what it says, and by what it delivers", async () => {
    const read = (size: number | null) => collect(checkLength(pieces(), "x.raw", size, 4));
    for (const size of [5, null]) {
      const message = expect.stringContaining("x.raw has 5 bytes, and at most 4 may be imported");
      await expect(read(size)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message });
    }
  });

  it("refuses one without any bytes", async () => {
    await expect(passed(null, Readable.from([]))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
