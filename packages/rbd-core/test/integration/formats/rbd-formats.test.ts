import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Diff, DiffRecord } from "../../../src/formats/diff-record.ts";
import { inspectDiff } from "../../../src/formats/inspect-diff.ts";
import { mergeDiffs } from "../../../src/formats/merge-diffs.ts";
import { openDiff } from "../../../src/formats/read-diff.ts";
import { openImageStream } from "../../../src/formats/read-image-stream.ts";
import { encodeDiff } from "../../../src/formats/write-diff.ts";
import { writeImageStream } from "../../../src/formats/write-image-stream.ts";
import { join, write as writeRecords } from "../../unit/formats/support.ts";
import { PlainRbd } from "./plain-rbd.ts";

const MiB = 2 ** 20;
let plain: PlainRbd;

beforeAll(async () => {
  plain = await PlainRbd.make(inject("cephConf"), "formats");
});
afterAll(() => plain.dispose());

/** Applies data at an offset, through a diff: `rbd` has no command that writes at an offset. */
async function write(image: string, size: number, changes: readonly [at: number, data: Buffer | number][]) {
  const records = changes.flatMap(([offset, data]): DiffRecord[] =>
    typeof data === "number" ? [{ type: "zero", offset, length: data }] : writeRecords(offset, data),
  );
  await plain.rbd(["import-diff", "--no-progress", "-", image], await join(encodeDiff({ size }, records)));
}

/** An image with a history of sizes and contents; returns its snapshots' names. */
async function makeImage(image: string, options: readonly string[] = []): Promise<string[]> {
  await plain.rbd(["create", "--size", "24M", ...options, image]);
  const states: [size: number, changes: [number, Buffer | number][]][] = [
    [
      24 * MiB,
      [
        [0, Buffer.alloc(5 * MiB, "first")],
        [20 * MiB + 512, Buffer.alloc(4096, "end")],
      ],
    ],
    [
      24 * MiB,
      [
        [2 * MiB, 3 * MiB],
        [9 * MiB, Buffer.alloc(100, "x")],
      ],
    ],
    [10 * MiB, [[4096, Buffer.alloc(4096, "y")]]],
    [
      30 * MiB,
      [
        [0, Buffer.alloc(512, "z")],
        [29 * MiB, Buffer.alloc(MiB, "grown")],
      ],
    ],
  ];
  const names: string[] = [];
  for (const [index, [size, changes]] of states.entries()) {
    await write(image, size, changes);
    names.push(`s${index}`);
    await plain.rbd(["snap", "create", "--no-progress", `${image}@s${index}`]);
  }
  return names;
}

const exportDiff = (image: string, to: string, from: string | undefined, file: string) =>
  plain.rbd([
    "export-diff",
    "--no-progress",
    ...(from === undefined ? [] : ["--from-snap", from]),
    `${image}@${to}`,
    file,
  ]);

describe("diffs of rbd export-diff", () => {
  it("are read and written again byte for byte", async () => {
    const image = plain.image("same");
    const names = await makeImage(image);
    for (const [index, to] of names.entries()) {
      const file = plain.file(`same-${to}`);
      await exportDiff(image, to, names[index - 1], file);
      await using diff = await openDiff(createReadStream(file));
      const written = await join(encodeDiff(diff.header, diff.records));
      expect(written.equals(await readFile(file))).toBe(true);
      expect(await inspectDiff(createReadStream(file))).toMatchObject({ diff: { to, ascending: true } });
    }
  });

  it("merge into byte for byte what rbd merge-diff makes, and rbd import-diff takes it", async () => {
    const image = plain.image("merged");
    const names = await makeImage(image);
    const files = await Promise.all(
      names.map(async (to, index) => {
        const file = plain.file(`merged-${to}`);
        await exportDiff(image, to, names[index - 1], file);
        return file;
      }),
    );
    let [theirs = "", ...rest] = files;
    for (const [index, file] of rest.entries()) {
      const merged = plain.file(`theirs-${index}`);
      await plain.run("rbd", ["merge-diff", "--no-progress", theirs, file, merged]);
      const ours = await join(mergeDiffs([createReadStream(theirs), createReadStream(file)]));
      expect(ours.equals(await readFile(merged))).toBe(true);
      theirs = merged;
    }
    const all = plain.file("ours-all");
    await pipeline(mergeDiffs(files.map((file) => createReadStream(file))), createWriteStream(all));
    const target = plain.image("merged-target");
    await plain.rbd(["create", "--size", "1M", target]);
    await plain.rbd(["import-diff", "--no-progress", all, target]);
    expect(await plain.contents(`${target}@s3`)).toBe(await plain.contents(`${image}@s3`));

    // From the first point on, over sizes of 24, 10 and 30 MiB.
    const increment = plain.file("ours-increment");
    await pipeline(
      mergeDiffs(files.slice(1).map((file) => createReadStream(file))),
      createWriteStream(increment),
    );
    const second = plain.image("merged-second");
    await plain.rbd(["create", "--size", "1M", second]);
    await plain.rbd(["import-diff", "--no-progress", files[0] ?? "", second]);
    await plain.rbd(["import-diff", "--no-progress", increment, second]);
    expect(await plain.contents(`${second}@s3`)).toBe(await plain.contents(`${image}@s3`));
  });

  it("of an image with striping are read in any order, and inspectDiff says so", async () => {
    const image = plain.image("striped");
    const names = await makeImage(image, [
      "--stripe-unit",
      "64K",
      "--stripe-count",
      "4",
      "--object-size",
      "1M",
    ]);
    for (const [index, to] of names.entries()) {
      const file = plain.file(`striped-${to}`);
      await exportDiff(image, to, names[index - 1], file);
      await inspectDiff(createReadStream(file));
      const target = plain.image(`striped-target`);
      if (index === 0) await plain.rbd(["create", "--size", "1M", target]);
      await using diff = await openDiff(createReadStream(file), { order: "any" });
      const copy = await join(encodeDiff(diff.header, diff.records, { order: "any" }));
      expect(copy.equals(await readFile(file))).toBe(true);
      await plain.rbd(["import-diff", "--no-progress", "-", target], copy);
      expect(await plain.contents(`${target}@${to}`)).toBe(await plain.contents(`${image}@${to}`));
    }
  });
});

describe("an image stream of rbd export --export-format 2", () => {
  it("is read and written again byte for byte, and rbd import takes it", async () => {
    const image = plain.image("whole");
    const names = await makeImage(image);
    await plain.rbd(["snap", "protect", `${image}@s1`]);
    await plain.rbd(["image-meta", "set", image, "owner", "Göran"]);
    await plain.rbd(["image-meta", "set", image, "conf_rbd_cache", "false"]);
    const file = plain.file("whole");
    await plain.rbd(["export", "--no-progress", "--export-format", "2", image, file]);

    await using stream = await openImageStream(createReadStream(file));
    expect(stream.header).toMatchObject({
      order: 22,
      stripeUnit: 4 * MiB,
      stripeCount: 1,
      metadata: [
        ["conf_rbd_cache", "false"],
        ["owner", "Göran"],
      ],
    });
    const copy = plain.file("whole-copy");
    const seen: (readonly [string | undefined, boolean | undefined])[] = [];
    const diffs = (async function* () {
      for await (const diff of stream.diffs) {
        seen.push([diff.header.to, diff.header.protected]);
        yield diff satisfies Diff;
      }
    })();
    await pipeline(writeImageStream(stream.header, stream.diffCount, diffs), createWriteStream(copy));
    expect(seen).toEqual([...names.map((name) => [name, name === "s1"]), [undefined, undefined]]);
    expect((await readFile(copy)).equals(trueLengths(await readFile(file)))).toBe(true);

    const target = plain.image("whole-target");
    await plain.rbd(["import", "--no-progress", "--export-format", "2", copy, target]);
    for (const name of names) {
      expect(await plain.contents(`${target}@${name}`)).toBe(await plain.contents(`${image}@${name}`));
    }
    await plain.rbd(["snap", "unprotect", `${image}@s1`]);
    await plain.rbd(["snap", "unprotect", `${target}@s1`]);
  });

  it("is refused by us where rbd import would take a damaged one without a word", async () => {
    const image = plain.image("trailing");
    await makeImage(image);
    const file = plain.file("trailing");
    await exportDiff(image, "s0", undefined, file);
    await writeFile(file, "more", { flag: "a" });
    const target = plain.image("trailing-target");
    await plain.rbd(["create", "--size", "1M", target]);
    await plain.rbd(["import-diff", "--no-progress", file, target]);
    await expect(inspectDiff(createReadStream(file))).rejects.toMatchObject({ code: "TRAILING_DATA" });
  });
});

/** Ceph 16 announces 8 bytes for each protection record and writes one. Newer ones, and we, announce one. */
function trueLengths(stream: Buffer): Buffer {
  const wrong = Buffer.from("p\x08\0\0\0\0\0\0\0", "latin1");
  for (let at = stream.indexOf(wrong); at !== -1; at = stream.indexOf(wrong, at + 1))
    stream.writeUInt8(1, at + 1);
  return stream;
}
