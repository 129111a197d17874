import { CoppiceError } from "../../errors/coppice-error.ts";
import { checkName } from "../../names/name-part.ts";
import type { Digests } from "../bytes/digests.ts";
import { templateSnapshot } from "../template-snapshot.ts";
import type { ImportTemplateOptions } from "./import-types.ts";

export interface ImportSettings {
  chunkSize: number;
  sparseSize: number;
  snapshotName: string;
  expected: Partial<Digests>;
}

const mebibyte = 1024 ** 2;
const digestLengths: Readonly<Record<keyof Digests, number>> = { md5: 32, sha256: 64 };

/** Fills in what was left out. @throws {CoppiceError} `INVALID_ARGUMENT`, `INVALID_NAME` */
export function checkImport(options: ImportTemplateOptions): ImportSettings {
  const {
    chunkSize = 8 * mebibyte,
    sparseSize = 4096,
    snapshotName = templateSnapshot,
    size,
    expected = {},
  } = options;
  checkName("snapshot", snapshotName);
  const isWhole = (value: number, least: number, most: number) =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  if (!isWhole(sparseSize, 512, mebibyte))
    throw refusal(`a sparse size of ${sparseSize} is not from 512 bytes to 1 MiB`);
  if (!isWhole(chunkSize, sparseSize, 64 * mebibyte) || chunkSize % sparseSize !== 0) {
    throw refusal(`a chunk size of ${chunkSize} is no multiple of ${sparseSize} bytes up to 64 MiB`);
  }
  if (size !== undefined && !isWhole(size, 1, Number.MAX_SAFE_INTEGER))
    throw refusal(`${size} is not a size in bytes`);
  const digests: Partial<Digests> = {};
  for (const [name, length] of Object.entries(digestLengths) as [keyof Digests, number][]) {
    const digest = expected[name]?.toLowerCase();
    if (digest === undefined) continue;
    if (digest.length !== length || !/^[0-9a-f]+$/.test(digest)) {
      throw refusal(`${JSON.stringify(digest)} is not a ${name} digest of ${length} hex digits`);
    }
    digests[name] = digest;
  }
  return { chunkSize, sparseSize, snapshotName, expected: digests };
}

/** @throws {CoppiceError} `IO` when the bytes are not the ones meant */
export function compareDigests(name: string, expected: Partial<Digests>, actual: Digests): void {
  for (const key of ["sha256", "md5"] as const) {
    const wanted = expected[key];
    if (wanted === undefined || wanted === actual[key]) continue;
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: name,
      message: `${name} has the ${key} ${actual[key]}, where ${wanted} was expected`,
      hint: "It was damaged on its way, or is another file than the one meant.",
    });
  }
}

function refusal(message: string): CoppiceError {
  return new CoppiceError({ code: "INVALID_ARGUMENT", call: "importTemplate", message });
}
