import { checkTarget } from "../clone/check-target.ts";
import { createSnapshotStep } from "../clone/create-snapshot-step.ts";
import { protectStep } from "../clone/protect-step.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { toImageOnly } from "../names/to-image-spec.ts";
import { toRbdUrl } from "../rbd-url/to-rbd-url.ts";
import { createImageStep } from "../steps/create-image-step.ts";
import { StepRunner } from "../steps/step-runner.ts";
import { checkImport, compareDigests, type ImportSettings } from "./import/check-import.ts";
import type { ImportPhase, ImportTemplateOptions, ImportTemplateResult } from "./import/import-types.ts";
import { convertDisk, type KnownSource, knowFormat } from "./import/raw-disk.ts";
import { readSource } from "./import/read-source.ts";
import { writeDisk } from "./import/write-disk.ts";
import { openTemplateSource } from "./source/open-template-source.ts";
import type { OpenedSource } from "./source/template-source.ts";

const ownSteps: readonly ImportPhase[] = ["create", "write", "snapshot", "protect"];

/**
 * Imports a disk as a template: from a stream, a file or a download, raw or (where `qemu-img` is installed) qcow2. Zeros
 * stay holes. The image gets a protected snapshot that disks can be cloned from.
 *
 * Names, target and source are checked before anything is changed. A source that breaks off, delivers more or less than
 * it said, or has another digest than expected leaves nothing.
 *
 * Source: what Glance's RBD store does with an upload. Unlike there, holes stay holes, several chunks are written at the
 * same time, and a failure leaves nothing at all.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `INVALID_ARGUMENT`: a name, size or digest that cannot be; a source with more bytes than it said,
 *   or with none.
 * - `NOT_FOUND`, `PERMISSION_DENIED`: the pool, the file or the address. `EXISTS`: the target.
 * - `UNSUPPORTED`: a format that cannot be imported, or qcow2 without `qemu-img`.
 * - `IO`: the source broke off, was too short, or is not the one expected.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export async function importTemplate(
  cluster: Cluster,
  options: ImportTemplateOptions,
): Promise<ImportTemplateResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const settings = checkImport(options);
  const target = toImageOnly(options.target);
  formatImageSpec(target);
  await checkTarget(cluster, target);
  await using source = await openTemplateSource(options.source, signal);
  await using known = await knowFormat(source, options);
  const converts = known.format === "qcow2";
  const runner = new StepRunner<ImportPhase>(
    converts ? ["receive", "convert", ...ownSteps] : ownSteps,
    options,
  );
  try {
    if (converts) {
      await using disk = await convertDisk(source, known, options, runner);
      compareDigests(source.name, settings.expected, disk.sourceDigests);
      const bytes = readSource(disk.bytes, disk.name, signal);
      const asIs = { ...settings, expected: {} };
      const made = await writeTemplate(cluster, target, { ...disk, bytes }, asIs, options, runner);
      return { ...made, format: "qcow2", sourceDigests: disk.sourceDigests };
    }
    const disk = rawDisk(source, known, options);
    const made = await writeTemplate(cluster, target, disk, settings, options, runner);
    return { ...made, format: "raw", sourceDigests: made.digests };
  } catch (error) {
    return await runner.fail(error, "importTemplate");
  }
}

type RawDisk = Pick<OpenedSource, "bytes" | "size" | "name">;

function rawDisk(
  { name, size }: OpenedSource,
  { bytes }: KnownSource,
  options: ImportTemplateOptions,
): RawDisk {
  return { name, bytes, size: options.size ?? size };
}

async function writeTemplate(
  cluster: Cluster,
  target: ImageSpec,
  disk: RawDisk,
  settings: ImportSettings,
  options: ImportTemplateOptions,
  runner: StepRunner<ImportPhase>,
): Promise<Omit<ImportTemplateResult, "format" | "sourceDigests">> {
  const { undo } = runner;
  const { chunkSize, sparseSize, snapshotName, expected } = settings;
  const { objectSize, features, dataPool } = options;
  const layout = Object.fromEntries(
    Object.entries({ objectSize, features, dataPool }).filter(([, value]) => value !== undefined),
  );
  await runner.run("create", () =>
    createImageStep(cluster, target, { size: disk.size ?? 0, ...layout }, undo),
  );
  const written = await runner.run(
    "write",
    async (advance) => {
      await using image = await openImage(cluster, target);
      const writing = { size: disk.size, chunkSize, sparseSize, advance };
      const object = formatImageSpec(target);
      const result = await withCoppiceErrors({ object, what: `${object} could not be written` }, () =>
        writeDisk(image, disk.bytes, writing),
      );
      return { ...result, id: image.id };
    },
    "bytes",
  );
  compareDigests(disk.name, expected, written.digests);
  await using image = await openImage(cluster, target);
  const create = () => createSnapshotStep(cluster, target, image, snapshotName, new Set(), undo);
  await runner.run("snapshot", create);
  await runner.run("protect", () => protectStep(cluster, target, image, snapshotName, undo));
  runner.finish();
  const template = { ...target, snapshot: snapshotName };
  return { template, url: toRbdUrl(cluster.fsid, template), ...written };
}
