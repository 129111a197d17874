import { type IoCtx, RbdError } from "rbd-native";
import { describe, expect, it } from "vitest";
import type { FoundImage, ImageReader } from "../../../src/inventory/image-reader.ts";
import type { ImageEntry, Place } from "../../../src/inventory/list-images.ts";
import { readEntries } from "../../../src/inventory/read-images.ts";
import type { TrashEntry } from "../../../src/inventory/rows.ts";
import { imageRow } from "../rows.ts";

const then = new Date("2026-03-01T12:00:00Z");
const trashed = (name: string): TrashEntry => ({
  name,
  deletedAt: then,
  deferredUntil: then,
  source: "user",
});

function failure(code: "NOT_FOUND" | "IO" | "CLOSED"): RbdError {
  return new RbdError({ code, errno: code === "NOT_FOUND" ? 2 : 5, call: "rbd_open" });
}

/** A place whose directory and trash are these by now. */
function placeNow(images: string[], trash: string[] = []): Place {
  const ioCtx: Pick<IoCtx, "listImages" | "listTrash"> = {
    listImages: async () => images.map((id) => ({ id, name: `${id} by now` })),
    listTrash: async () => trash.map((id) => ({ id, ...trashed(id) })),
  };
  return { poolId: 1, poolName: "rbd", namespace: "", ioCtx: ioCtx as IoCtx };
}

const entry = (place: Place, id: string, trash: TrashEntry | null = null): ImageEntry => ({
  place,
  id,
  name: id,
  trash,
});

/** Reads everything but what `broken` says, which can depend on where the image is listed. */
function reader(broken: (entry: ImageEntry) => RbdError | undefined): ImageReader {
  return {
    async read(each) {
      const error = broken(each);
      if (error !== undefined) throw error;
      const { id: _, ...found } = imageRow(each.id);
      return { ...found, dataPoolId: null, parent: null } satisfies FoundImage;
    },
  };
}

async function read(entries: ImageEntry[], broken: (entry: ImageEntry) => RbdError | undefined) {
  let count = 0;
  const outcomes = await readEntries(entries, {
    reader: reader(broken),
    concurrency: 4,
    signal: undefined,
    onRead: () => {
      count += 1;
    },
  });
  const shown = outcomes.map((outcome) => [
    outcome.entry.id,
    outcome.entry.trash === null ? "image" : "trash",
    "error" in outcome ? outcome.error.code : "read",
  ]);
  return { count, shown, outcomes };
}

describe("readEntries", () => {
  it("makes one image that cannot be read an outcome among the others", async () => {
    const place = placeNow([]);
    const entries = ["a", "b", "c"].map((id) => entry(place, id));
    const { count, shown, outcomes } = await read(entries, ({ id }) =>
      id === "b" ? failure("IO") : undefined,
    );
    expect(count).toBe(3);
    expect(shown.sort()).toEqual([
      ["a", "image", "read"],
      ["b", "image", "IO"],
      ["c", "image", "read"],
    ]);
    const bad = outcomes.find((outcome) => "error" in outcome);
    expect(bad && "error" in bad ? bad.error.object : undefined).toBe("rbd/b");
  });

  it("leaves out what was deleted meanwhile, and keeps what is listed but not there", async () => {
    const place = placeNow(["broken"]);
    const entries = ["deleted", "broken"].map((id) => entry(place, id));
    const { shown } = await read(entries, () => failure("NOT_FOUND"));
    expect(shown).toEqual([["broken", "image", "NOT_FOUND"]]);
  });

  it("follows an image into the trash and out of it", async () => {
    const place = placeNow(["restored"], ["moved"]);
    const entries = [entry(place, "moved"), entry(place, "restored", trashed("restored"))];
    const { shown } = await read(entries, ({ id, trash }) =>
      (id === "moved") === (trash === null) ? failure("NOT_FOUND") : undefined,
    );
    expect(shown).toEqual([
      ["moved", "trash", "read"],
      ["restored", "image", "read"],
    ]);
  });

  it("gives up when the connection is gone, and when something is wrong with the program", async () => {
    const place = placeNow([]);
    await expect(read([entry(place, "a")], () => failure("CLOSED"))).rejects.toMatchObject({
      code: "CLOSED",
    });
    const mistaken: ImageReader = { read: () => Promise.reject(new TypeError("a mistake")) };
    const { outcomes } = {
      outcomes: await readEntries([entry(place, "a")], {
        reader: mistaken,
        concurrency: 1,
        signal: undefined,
        onRead: () => {},
      }),
    };
    expect(outcomes[0]).toMatchObject({ error: { code: "IO", cause: expect.any(TypeError) } });
  });

  it("rejects with the reason of an abort, not with rows that look broken", async () => {
    const controller = new AbortController();
    const aborting: ImageReader = {
      read() {
        controller.abort(new Error("enough"));
        return Promise.reject(controller.signal.reason);
      },
    };
    const reading = readEntries([entry(placeNow([]), "a")], {
      reader: aborting,
      concurrency: 1,
      signal: controller.signal,
      onRead: () => {},
    });
    await expect(reading).rejects.toThrow("enough");
  });
});
