import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { checkSize } from "../image/check-size.ts";
import { openImage } from "../image/open-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";

export interface ExtendVolumeOptions {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Bytes; never less than it has. */
  size: number;
  /** Looked at before the change, which takes a moment only. */
  signal?: AbortSignal | undefined;
}

export interface ExtendVolumeResult {
  volume: ImageSpec;
  /** Bytes. */
  from: number;
  to: number;
}

/**
 * Enlarges a volume, which may be in use. Never makes it smaller. (`rbd_resize2`)
 *
 * When the answer is lost, the volume's size says what became of it: it is not made smaller again, because whoever uses
 * it may have written to its new end by then.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`: the volume; `INVALID_ARGUMENT`: a size below the volume's
 */
export async function extendVolume(
  cluster: Cluster,
  { volume, size, signal }: ExtendVolumeOptions,
): Promise<ExtendVolumeResult> {
  signal?.throwIfAborted();
  const spec = toImageOnly(volume);
  const object = showImageSpec(spec);
  checkSize("extendVolume", object, size);
  const from = await readSize(cluster, spec);
  if (size < from) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "extendVolume",
      object,
      message: `${object} has ${from} bytes, and would be made smaller by ${size}`,
      hint: "Give at least the size it has.",
    });
  }
  if (size > from) await enlarge(cluster, spec, size, signal);
  return { volume: spec, from, to: size };
}

async function enlarge(
  cluster: Cluster,
  spec: ImageSpec,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const object = showImageSpec(spec);
  signal?.throwIfAborted();
  try {
    await using image = await openImage(cluster, spec);
    await withCoppiceErrors({ object, what: `${object} could not be enlarged to ${size} bytes` }, () =>
      image.resize(size),
    );
  } catch (error) {
    if ((await readSize(cluster, spec)) !== size) throw error;
  }
}

async function readSize(cluster: Cluster, spec: ImageSpec): Promise<number> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await withCoppiceErrors({ object: showImageSpec(spec) }, () => image.size());
}
