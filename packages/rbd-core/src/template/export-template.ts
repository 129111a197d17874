import { randomUUID } from "node:crypto";
import { link, lstat, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { exportRaw, exportRawFile, type TransferOptions } from "../transfer/index.ts";
import { resolveTemplate, type TemplateLike } from "../volume/index.ts";

export interface ExportTemplateOptions extends TransferOptions {
  /** By its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  template: TemplateLike;
}

export interface TemplateExport {
  template: Required<ImageSpec>;
  /** Bytes that the stream will deliver. */
  size: number;
  /** The disk, raw; holes as zeros. Destroying it ends the reading. */
  stream: Readable;
}

/**
 * Exports a template as a raw disk: what `importTemplate` takes, with the same digests. Holes are not read.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `INVALID_ARGUMENT`; `NOT_FOUND` for the image or its snapshot. The stream fails
 * with the signal's reason after an abort
 */
export async function exportTemplate(
  cluster: Cluster,
  { template, ...options }: ExportTemplateOptions,
): Promise<TemplateExport> {
  options.signal?.throwIfAborted();
  const { spec, size } = await readTemplate(cluster, template);
  const { snapshot, ...image } = spec;
  return { template: spec, size, stream: exportRaw(cluster, { ...options, image, snapshot }) };
}

export interface ExportTemplateFileOptions extends ExportTemplateOptions {
  /** The file to make, which must not exist. It appears under this name once it is complete. */
  file: string;
}

/**
 * The same into a file, holes as holes. A failure or abort leaves nothing.
 *
 * @throws {CoppiceError} see {@link exportTemplate}; `EXISTS` for the file; the file system's error
 */
export async function exportTemplateFile(
  cluster: Cluster,
  { template, file, ...options }: ExportTemplateFileOptions,
): Promise<{ template: Required<ImageSpec>; size: number }> {
  options.signal?.throwIfAborted();
  const { spec, size } = await readTemplate(cluster, template);
  const { snapshot, ...image } = spec;
  if (await isThere(file)) throw alreadyThere(file);
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    await exportRawFile(cluster, partial, { ...options, image, snapshot });
    // Unlike a rename, a link never takes the place of a file that is there.
    await link(partial, file);
  } catch (error) {
    throw isExisting(error) ? alreadyThere(file, error) : error;
  } finally {
    await rm(partial, { force: true });
  }
  return { template: spec, size };
}

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "EEXIST";
}

function alreadyThere(file: string, cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call: "exportTemplateFile",
    object: file,
    message: `there is a file ${file} already`,
    hint: "Choose another name, or remove it first.",
    cause,
  });
}

async function readTemplate(
  cluster: Cluster,
  template: TemplateLike,
): Promise<{ spec: Required<ImageSpec>; size: number }> {
  const spec = resolveTemplate(cluster.fsid, template);
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec);
  return { spec, size: await withCoppiceErrors({ object }, () => image.size()) };
}
