import { expect, it } from "vitest";
import { foreignChain } from "../../../src/backup/cinder/cinder-chains.ts";

const volume = "6a1c1f0e-2c7f-4b5e-9a55-0e0c7f6d0a11";
const name = `volume-${volume}.backup.one`;
const snapshot = (id: number, backup: string) => ({
  id: BigInt(id),
  name: `backup.${backup}.snap.1700000000.${id}`,
  size: 1024,
});
const image = {
  id: "11aa",
  name,
  size: 2048,
  snapshots: [snapshot(2, "one"), snapshot(4, "two"), snapshot(6, "three")],
};

it("shows the points without a record, as something that can be restored", () => {
  const chain = foreignChain(image, { known: new Set(["two"]), metadataIds: ["one", "three"] });
  expect(chain).toEqual({
    chain: name,
    volumeId: volume,
    imageName: `volume-${volume}`,
    points: [
      {
        id: "one",
        chain: name,
        stored: {
          kind: "snapshot",
          image: name,
          imageId: "11aa",
          name: "backup.one.snap.1700000000.2",
          id: "2",
        },
        size: 1024,
        kind: "full",
        time: new Date(1_700_000_000_200),
      },
      expect.objectContaining({ id: "three", kind: "incremental" }),
    ],
    head: null,
    problems: [],
  });
});

it("is null where everything is known, and for other images", () => {
  expect(foreignChain(image, { known: new Set(["one", "two", "three"]) })).toBeNull();
  expect(foreignChain({ ...image, snapshots: [] }, { known: new Set(["one"]) })).toBeNull();
  expect(foreignChain({ ...image, name: "vm-1" }, { known: new Set() })).toBeNull();
});

it("does not speak of what it knows: a point whose full backup was pruned", () => {
  const chain = foreignChain(
    { ...image, snapshots: image.snapshots.slice(1) },
    { known: new Set(["two", "one"]) },
  );
  expect(chain?.points.map(({ id }) => id)).toEqual(["three"]);
  expect(chain?.problems).toEqual([]);
});

it("shows an image that is a backup by itself, or half of one", () => {
  const legacy = { ...image, name: `volume-vm-1.backup.base`, snapshots: [] };
  expect(foreignChain(legacy, { known: new Set(), metadataIds: ["nine"] })).toMatchObject({
    imageName: "vm-1",
    points: [],
    head: { backupId: "nine", size: 2048 },
  });
  expect(foreignChain({ ...image, snapshots: [] }, { known: new Set() })).toMatchObject({
    head: null,
    problems: [{ code: "NO_POINTS" }],
  });
});
