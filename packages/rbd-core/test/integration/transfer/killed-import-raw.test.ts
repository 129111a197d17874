import { describe } from "vitest";
import { newImageMoments, testKilledImport, useImportSource } from "./killed-import.ts";

const source = await useImportSource("killed-raw");

describe("importRaw, whose process was killed", () => {
  testKilledImport("raw", source, newImageMoments);
});
