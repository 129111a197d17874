import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DeltaReader,
  type Difference,
  deltaCandidates,
  findZeroDelta,
} from "../../../src/clone/search/zero-delta.ts";
import type { SnapshotRow } from "../../../src/inventory/rows.ts";
import { snapshotRow } from "../rows.ts";

const objects = 6;
const objectSize = 100;
const size = objects * objectSize;

type Step = { do: "write" | "discard" | "touch"; object: number } | { do: "snapshot" };

/** An image as RADOS keeps it: per object when it was last written, and whether it is there at all. */
class ModelImage implements DeltaReader {
  readonly snapshots: SnapshotRow[] = [];
  readonly looks: string[] = [];
  mapsAreValid = true;
  sameParent = true;
  readonly #states: { there: boolean; written: number; touched: number }[][] = [];
  readonly #head = Array.from({ length: objects }, () => ({ there: false, written: 0, touched: 0 }));
  #clock = 0;

  constructor(steps: readonly Step[]) {
    for (const step of steps) {
      this.#clock += 1;
      if (step.do === "snapshot") {
        const id = BigInt(this.snapshots.length + 1);
        this.snapshots.push(snapshotRow(`s${id}`, { id, size }));
        this.#states.push(this.#head.map((object) => ({ ...object })));
        continue;
      }
      const object = this.#head[step.object % objects];
      if (object === undefined) continue;
      // A touch is what an object map remembers although no byte changed.
      object.touched = this.#clock;
      if (step.do === "write") Object.assign(object, { there: true, written: this.#clock });
      if (step.do === "discard") object.there = false;
    }
  }

  hasObjectMaps = async () => this.mapsAreValid;
  hasSameParent = async () => this.sameParent;

  async *exact(snapshot: SnapshotRow, offset: number, length: number) {
    this.looks.push(`exact ${snapshot.name} ${offset}+${length}`);
    for (const difference of this.differences(snapshot)) {
      if (difference.offset < offset + length && difference.offset + difference.length > offset)
        yield [difference];
    }
  }

  async *coarse(snapshot: SnapshotRow) {
    this.looks.push(`coarse ${snapshot.name}`);
    const then = this.#states[Number(snapshot.id) - 1] ?? [];
    for (const [index, now] of this.#head.entries()) {
      if (now.touched === then[index]?.touched) continue;
      yield [{ offset: index * objectSize, length: objectSize, exists: now.there }];
    }
  }

  differences(snapshot: SnapshotRow): Difference[] {
    const then = this.#states[Number(snapshot.id) - 1] ?? [];
    return this.#head.flatMap((now, index) => {
      const differs = now.there
        ? !then[index]?.there || then[index].written !== now.written
        : then[index]?.there;
      return differs ? [{ offset: index * objectSize, length: objectSize / 2, exists: now.there }] : [];
    });
  }
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom("write" as const, "discard" as const, "touch" as const),
      object: fc.nat({ max: objects - 1 }),
    }),
    fc.constant({ do: "snapshot" as const }),
  ),
  { maxLength: 30 },
);

describe("findZeroDelta", () => {
  it("finds what comparing every snapshot byte by byte finds, with and without object maps", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (history, mapsAreValid) => {
        const image = new ModelImage(history);
        image.mapsAreValid = mapsAreValid;
        const candidates = deltaCandidates(image.snapshots, size);
        const equal = candidates.find((snapshot) => image.differences(snapshot).length === 0) ?? null;
        expect(await findZeroDelta(image, candidates, size)).toBe(equal);
      }),
      { numRuns: 500 },
    );
  });

  it("compares only one of sixty changed snapshots", async () => {
    const history: Step[] = Array.from({ length: 60 }, (_, i) => [
      { do: "snapshot" as const },
      { do: "write" as const, object: i },
    ]).flat();
    const image = new ModelImage(history);
    expect(await findZeroDelta(image, deltaCandidates(image.snapshots, size), size)).toBeNull();
    expect(image.looks).toEqual(["coarse s60", "exact s60 500+100"]);
  });

  it("goes on to older snapshots where the current state has nothing", async () => {
    const image = new ModelImage([
      { do: "snapshot" },
      { do: "write", object: 2 },
      { do: "snapshot" },
      { do: "snapshot" },
      { do: "discard", object: 2 },
    ]);
    const found = await findZeroDelta(image, deltaCandidates(image.snapshots, size), size);
    expect(found?.name).toBe("s1");
    // The place that decided s3 is asked first of s2, which spares listing its objects.
    expect(image.looks.slice(0, 5)).toEqual([
      "coarse s3",
      "exact s3 200+100",
      "exact s2 200+50",
      "exact s1 200+50",
      "coarse s1",
    ]);
  });

  it("compares objects that were written to but not changed", async () => {
    const image = new ModelImage([
      { do: "write", object: 1 },
      { do: "snapshot" },
      { do: "touch", object: 0 },
      { do: "touch", object: 1 },
      { do: "touch", object: 4 },
    ]);
    const found = await findZeroDelta(image, deltaCandidates(image.snapshots, size), size);
    expect(found?.name).toBe("s1");
    expect(image.looks).toEqual([
      "coarse s1",
      "exact s1 0+100",
      "coarse s1",
      "exact s1 0+200",
      "exact s1 400+100",
    ]);
  });

  it("uses no snapshot whose parent differs from that of the current state", async () => {
    const image = new ModelImage([{ do: "snapshot" }]);
    image.sameParent = false;
    expect(await findZeroDelta(image, deltaCandidates(image.snapshots, size), size)).toBeNull();
  });

  it("takes an empty image's snapshot without a look", async () => {
    const image = new ModelImage([{ do: "snapshot" }]);
    const [snapshot] = image.snapshots;
    expect(await findZeroDelta(image, image.snapshots, 0)).toBe(snapshot);
    expect(image.looks).toEqual([]);
  });
});

describe("deltaCandidates", () => {
  it("takes user snapshots of the current size, newest first", () => {
    const rows = [
      snapshotRow("old", { id: 2n, size: 8 }),
      snapshotRow("bigger", { id: 4n, size: 16 }),
      snapshotRow("new", { id: 10n, size: 8 }),
      snapshotRow("group", { id: 11n, size: 8, kind: "group" }),
      snapshotRow("trash", { id: 12n, size: 8, kind: "trash" }),
      snapshotRow("mirror", { id: 13n, size: 8, kind: "mirror" }),
    ];
    expect(deltaCandidates(rows, 8).map((row) => row.name)).toEqual(["new", "old"]);
  });
});
