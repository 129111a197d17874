import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { inspectDiff } from "../../../src/formats/inspect-diff.ts";
import type { Sidecar } from "../../../src/formats/sidecar.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { join } from "../../unit/formats/support.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const { plain, cluster } = await usePlainRbd("export");

describe("exportDiff", () => {
  it.each(
    Array.from({ length: 12 }, (_, i) => i).map(
      (seed) => [seed, (["on", "off", "invalid"] as const)[seed % 3]] as const,
    ),
  )("is taken by rbd import-diff, point by point (seed %d, maps %s)", async (seed, maps) => {
    const { spec, snapshots, description } = await makeRandomImage(
      cluster,
      plain.pool,
      `source-${seed}`,
      new Random(seed),
      maps ?? "on",
    );
    const target = plain.image(`target-${seed}`);
    await createImage(cluster, target, { size: 1 });
    for (const [index, to] of snapshots.entries()) {
      const file = plain.file(`${seed}-${to}`);
      let sidecar: Sidecar | undefined;
      const stream = exportDiff(cluster, {
        image: spec,
        from: snapshots[index - 1],
        to,
        onSidecar: (made) => {
          sidecar = made;
        },
      });
      await pipeline(stream, createWriteStream(file));
      await plain.rbd(["import-diff", "--no-progress", file, target]);
      expect(await contentsOf(cluster, `${target}@${to}`), `${description}, ${to}`).toBe(
        await contentsOf(cluster, `${spec}@${to}`),
      );
      expect(await inspectDiff(createReadStream(file))).toMatchObject({ diff: { ascending: true } });
      const bytes = await join(createReadStream(file));
      expect(sidecar?.content).toEqual({
        bytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
    }
  });

  it("reads no further than its reader has room for, and ends when it is destroyed", async () => {
    const spec = plain.image("large");
    await createImage(cluster, spec, { size: 400 << 20 });
    {
      await using image = await openImage(cluster, spec);
      for (let at = 0; at < 400; at += 4) await image.write(at << 20, Buffer.alloc(4 << 20, at + 1));
      await image.createSnapshot("s");
    }
    let read = 0;
    const stream = exportDiff(cluster, {
      image: spec,
      to: "s",
      onProgress: ({ bytesRead }) => {
        read = bytesRead;
      },
    });
    for await (const _ of stream) break;
    expect(read).toBeLessThan(100 << 20);
    expect(stream.destroyed).toBe(true);
  });

  it("stops when it is aborted, with the signal's reason", async () => {
    const abort = new AbortController();
    const stream = exportDiff(cluster, {
      image: plain.image("large"),
      to: "s",
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done > 50 << 20) abort.abort(new Error("enough"));
      },
    });
    await expect(join(stream)).rejects.toThrow("enough");
  });

  it("says what is not there, and what is the wrong way round", async () => {
    await using image = await openImage(cluster, plain.image("large"));
    await image.createSnapshot("t");
    const failure = (options: { from?: string; to: string }) =>
      expect(join(exportDiff(cluster, { image: plain.image("large"), ...options }))).rejects;
    await failure({ to: "gone" }).toMatchObject({ code: "NOT_FOUND" });
    await failure({ from: "gone", to: "s" }).toMatchObject({ code: "NOT_FOUND" });
    await failure({ from: "t", to: "s" }).toMatchObject({ code: "INVALID_ARGUMENT" });
    await failure({ from: "s", to: "s" }).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
