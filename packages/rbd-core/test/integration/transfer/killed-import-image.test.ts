import { describe } from "vitest";
import { type Moment, newImageMoments, testKilledImport, useImportSource } from "./killed-import.ts";

const source = await useImportSource("killed-stream");
const snapshotMoments: readonly Moment[] = [
  { when: "before a snapshot", death: { call: "createSnapshot" } },
  { when: "after a snapshot", death: { call: "createSnapshot", late: true } },
  { when: "before the second snapshot", death: { call: "createSnapshot", nth: 2 } },
  { when: "before a snapshot is protected", death: { call: "protectSnapshot" } },
  { when: "after a snapshot was protected", death: { call: "protectSnapshot", late: true } },
];

describe("importImage, whose process was killed", () => {
  testKilledImport("image", source, [...newImageMoments, ...snapshotMoments]);
});
