import { Readable } from "node:stream";
import { writeSteps } from "rbd-native";
import { expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import { directoryObject, imageIdObject } from "../../../src/headers/object-names.ts";
import { directoryIdKey } from "../../../src/headers/pool-objects.ts";
import { createImage, removeImage } from "../../../src/image/image.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { importRaw } from "../../../src/transfer/import/import-raw.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("half-made");
const { pool } = own;

/** What librbd leaves of an image whose creation is killed after two steps: its id, under its name and in the directory. */
async function beginCreation(name: string): Promise<void> {
  const id = `10000000${Buffer.from(name).toString("hex")}`;
  await using ioCtx = await own.native.openPool(pool);
  await ioCtx.objects.writeFull(imageIdObject(name), encoded(id));
  const entries = new Map([
    [`name_${name}`, encoded(id)],
    [directoryIdKey(id), encoded(name)],
  ]);
  await ioCtx.objects.write(directoryObject, [writeSteps.setOmap(entries)]);
}

function encoded(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}

it.each<[string, (image: string, source: string) => Promise<unknown>]>([
  ["createImage", (image) => createImage(own.cluster, image, { size: 2 ** 20 })],
  ["cloneImage", (image, source) => cloneImage(own.cluster, { source, target: image })],
  ["copyImage", (image, source) => copyImage(own.cluster, { image: source, target: { image } })],
  ["importRaw", (image) => importRaw(own.cluster, { image, source: Readable.from([Buffer.alloc(512, 1)]) })],
])(
  "%s says what is in the way where a creation was killed, and succeeds once that is removed",
  async (call, make) => {
    const source = `${pool}/source-of-${call}`;
    await own.rbd("create", "--size", "1M", source);
    const image = `${pool}/${call}`;
    await beginCreation(call);
    const before = await own.rbd("ls", pool);
    await expect(own.rbd("create", "--size", "1M", image)).rejects.toThrow(/exists/);
    await expect(make(image, source)).rejects.toMatchObject({
      name: "CoppiceError",
      code: "EXISTS",
      object: image,
      message: expect.stringContaining("an earlier attempt to create this image was interrupted"),
      hint: expect.stringContaining("removeImage"),
    });
    expect(await own.rbd("ls", pool)).toBe(before);
    await removeImage(own.cluster, image);
    await make(image, source);
    expect(await own.rbd("info", image)).toContain(call);
    await expect(removeImage(own.cluster, `${pool}/never-there`)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  },
);
