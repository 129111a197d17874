import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BaseSnapshot,
  checkBackupId,
  cinderImageName,
  cinderVolumeId,
  formatCinderBase,
  formatCinderMetadata,
  formatCinderMetadataObject,
  formatCinderSnapshot,
  formatServiceMetadata,
  fromCinderTimestamp,
  parseCinderBase,
  parseCinderMetadata,
  parseCinderMetadataObject,
  parseCinderSnapshot,
  readCinderChain,
  toCinderTimestamp,
} from "../../../src/backup/cinder/cinder-format.ts";
import { CoppiceError } from "../../../src/errors/index.ts";
import { nameProblem } from "../../../src/names/index.ts";

const volume = "6a1c1f0e-2c7f-4b5e-9a55-0e0c7f6d0a11";
const first = "1f1f1f1f-0000-4000-8000-000000000001";
const second = "1f1f1f1f-0000-4000-8000-000000000002";
const third = "1f1f1f1f-0000-4000-8000-000000000003";

const backupIds = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^[a-z0-9-]{1,20}$/).filter((id) => id !== "base"),
);
const imageNames = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((name) => nameProblem("image", name) === undefined);
/** Pieces of names, put together wrongly and rightly. */
const texts = fc
  .array(
    fc.constantFrom(
      "volume-",
      volume,
      ".backup.",
      "base",
      first,
      ".snap.",
      "1700000000.25",
      "meta",
      "\n",
      ".",
      "é",
    ),
    { maxLength: 7 },
  )
  .map((pieces) => pieces.join(""));

const refused = (action: () => unknown) => {
  try {
    action();
  } catch (error) {
    if (error instanceof CoppiceError && error.code === "INVALID_NAME") return true;
    throw error;
  }
  return false;
};

describe("names", () => {
  it("are Cinder's", () => {
    expect(formatCinderBase({ volumeId: volume, backupId: first })).toBe(`volume-${volume}.backup.${first}`);
    expect(formatCinderBase({ volumeId: volume, backupId: null })).toBe(`volume-${volume}.backup.base`);
    expect(formatCinderSnapshot({ backupId: first, timestamp: "1700000000.1234567" })).toBe(
      `backup.${first}.snap.1700000000.1234567`,
    );
    expect(formatCinderMetadataObject(first)).toBe(`backup.${first}.meta`);
    expect(formatServiceMetadata("volume-x.backup.y")).toBe('{"base":"volume-x.backup.y"}');
    expect(cinderVolumeId(`volume-${volume}`)).toBe(volume);
    expect(cinderVolumeId("vm-100-disk-0")).toBe("vm-100-disk-0");
    expect(cinderVolumeId("volume-1")).toBe("volume-1");
  });

  it("parse what they format", () => {
    fc.assert(
      fc.property(imageNames, fc.option(backupIds), (volumeId, backupId) => {
        const base = { volumeId, backupId };
        expect(parseCinderBase(formatCinderBase(base))).toEqual(base);
      }),
    );
    fc.assert(
      fc.property(backupIds, fc.date({ noInvalidDate: true, min: new Date(0) }), (backupId, date) => {
        const timestamp = toCinderTimestamp(date);
        expect(parseCinderSnapshot(formatCinderSnapshot({ backupId, timestamp }))).toEqual({
          backupId,
          timestamp,
        });
        if (date.getTime() < 1e15) expect(fromCinderTimestamp(timestamp)).toEqual(date);
        expect(parseCinderMetadataObject(formatCinderMetadataObject(backupId))).toBe(backupId);
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          imageNames,
          fc.uuid().map((id) => `volume-${id}`),
        ),
        (name) => {
          expect(cinderImageName(cinderVolumeId(name))).toBe(name);
        },
      ),
    );
  });

  it("format what they parse, and refuse the rest", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const base = parseCinderBase(text);
        if (base !== null && nameProblem("image", text) === undefined)
          expect(formatCinderBase(base)).toBe(text);
        const snapshot = parseCinderSnapshot(text);
        if (
          snapshot !== null &&
          snapshot.backupId !== "base" &&
          nameProblem("snapshot", text) === undefined
        ) {
          expect(formatCinderSnapshot(snapshot)).toBe(text);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    `volume-${volume}`,
    `volume-${volume}.backup.`,
    `volume-${volume}.backup.${first.toUpperCase()}`,
    `volume-.backup.${first}`,
    `image-${volume}.backup.${first}`,
    `volume-${volume}.backup.${first}.deleted`,
  ])("leave the image %s alone", (name) => {
    expect(parseCinderBase(name)).toBeNull();
  });

  it.each([
    `backup.${first}.snap.`,
    `backup.${first}.snap`,
    `backup.A.snap.1`,
    "backup..snap.1",
    `before backup.${first}.snap.1`,
    "before-the-upgrade",
  ])("leave the snapshot %s alone", (name) => {
    expect(parseCinderSnapshot(name)).toBeNull();
  });

  it("refuse an id or a time that the driver could not find again", () => {
    for (const id of ["", "base", "UPPER", "a.b", "a/b", "a\n", "é"]) {
      expect(refused(() => checkBackupId(id))).toBe(true);
      expect(refused(() => formatCinderBase({ volumeId: "v", backupId: id }))).toBe(true);
      expect(refused(() => formatCinderSnapshot({ backupId: id, timestamp: "1" }))).toBe(true);
      expect(refused(() => formatCinderMetadataObject(id))).toBe(true);
    }
    expect(refused(() => formatCinderBase({ volumeId: "", backupId: first }))).toBe(true);
    expect(refused(() => formatCinderBase({ volumeId: "x".repeat(2000), backupId: first }))).toBe(true);
    expect(refused(() => formatCinderSnapshot({ backupId: first, timestamp: "" }))).toBe(true);
  });

  it("tell the time only when there is one", () => {
    expect(fromCinderTimestamp("1700000000.1239999")).toEqual(new Date("2023-11-14T22:13:20.123Z"));
    expect(fromCinderTimestamp("1700000000")).toEqual(new Date("2023-11-14T22:13:20Z"));
    for (const text of ["", "monday", "1e9", "-1", "1.", "9".repeat(30), "1700000000.1x"]) {
      expect(fromCinderTimestamp(text)).toBeNull();
    }
  });
});

describe("parseCinderMetadata", () => {
  it("reads what the driver writes, and what we write", () => {
    const text =
      '{"version": 2, "volume-base-metadata": {"id": "v", "size": 1}, "volume-glance-metadata": {"image_id": "i"}}';
    expect(parseCinderMetadata(text)).toEqual({
      version: 2,
      volume: { id: "v", size: 1 },
      metadata: null,
      image: { image_id: "i" },
    });
    expect(parseCinderMetadata(formatCinderMetadata({ id: "v", displayName: "disk é" }))).toEqual({
      version: 2,
      volume: { id: "v", display_name: "disk é", display_description: null },
      metadata: null,
      image: null,
    });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = parseCinderMetadata(text);
        if (read !== null) expect(read.version).toBeGreaterThanOrEqual(1);
      }),
    );
    for (const text of ["", "null", "[]", "{}", '{"version":"2"}', '{"version":0}', '{"version":1.5}']) {
      expect(parseCinderMetadata(text)).toBeNull();
    }
  });
});

describe("readCinderChain", () => {
  const snapshot = (id: number, name: string, size = 1024): BaseSnapshot => ({ id: BigInt(id), name, size });
  const point = (id: number, backupId: string) => snapshot(id, `backup.${backupId}.snap.170000000${id}.5`);
  const name = `volume-${volume}.backup.${first}`;
  const legacy = `volume-${volume}.backup.base`;
  const read = (imageName: string, snapshots: BaseSnapshot[], ids?: string[]) =>
    readCinderChain({ name: imageName, size: 2048, snapshots }, ids);

  it("orders the points by snapshot id, and keeps others' snapshots apart", () => {
    const chain = read(
      name,
      [point(12, third), snapshot(10, "before"), point(4, first), point(9, second)],
      [first, second, third],
    );
    expect(chain?.points.map(({ backupId, kind }) => [backupId, kind])).toEqual([
      [first, "full"],
      [second, "incremental"],
      [third, "incremental"],
    ]);
    expect(chain?.points[0]?.time).toEqual(new Date("2023-11-14T22:13:24.500Z"));
    expect(chain?.otherSnapshots).toEqual([snapshot(10, "before")]);
    expect(chain).toMatchObject({ base: { volumeId: volume, backupId: first }, head: null, problems: [] });
  });

  it("says that the full backup is gone", () => {
    const chain = read(name, [point(9, second)]);
    expect(chain?.points.map(({ kind }) => kind)).toEqual(["incremental"]);
    expect(chain?.problems).toEqual([{ code: "FULL_IS_GONE", backupId: first }]);
  });

  it("says that a backup has two snapshots", () => {
    const twice = [point(3, first), point(5, second), point(6, second)];
    expect(read(name, twice)?.problems).toEqual([
      { code: "SAME_BACKUP_TWICE", backupId: second, snapshots: twice.slice(1).map((each) => each.name) },
    ]);
  });

  it("knows an image without points for an interrupted backup, or a backup in the head", () => {
    expect(read(name, [])).toMatchObject({ head: null, problems: [{ code: "NO_POINTS" }] });
    expect(read(name, [], [first])).toMatchObject({ head: { backupId: first, size: 2048 }, problems: [] });
    expect(read(name, [], [second])).toMatchObject({
      head: null,
      problems: [{ code: "NO_POINTS" }, { code: "METADATA_WITHOUT_POINT", backupId: second }],
    });
    expect(read(legacy, [])).toMatchObject({ head: { backupId: null, size: 2048 }, problems: [] });
    expect(read(legacy, [snapshot(3, "before")], [third])).toMatchObject({
      head: { backupId: third },
      problems: [],
    });
    expect(read(legacy, [], [third, second])).toMatchObject({
      head: { backupId: null },
      problems: [
        { code: "METADATA_WITHOUT_POINT", backupId: second },
        { code: "METADATA_WITHOUT_POINT", backupId: third },
      ],
    });
  });

  it("takes the first point of a legacy chain for its full backup", () => {
    expect(read(legacy, [point(4, second), point(7, third)], [second, third])).toMatchObject({
      base: { volumeId: volume, backupId: null },
      points: [
        { backupId: second, kind: "full" },
        { backupId: third, kind: "incremental" },
      ],
      head: null,
      problems: [],
    });
  });

  it("says which metadata has no restore point", () => {
    expect(read(name, [point(4, first)], [first, third])?.problems).toEqual([
      { code: "METADATA_WITHOUT_POINT", backupId: third },
    ]);
  });

  it("is null for every other image", () => {
    expect(read("vm-100-disk-0", [point(4, first)])).toBeNull();
  });
});
