import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { ImageById } from "../headers/find-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { checkName } from "../names/name-part.ts";

/** Sources whose images are in the trash as a part of work that is not over. */
const unfinished: Readonly<Record<string, string>> = {
  migration: "It is the source of a migration: commit or abort that.",
  removing: "Its removal has begun: some of its data is gone.",
};

/**
 * Brings an image back from the trash, under its old name or another. (`rbd_trash_get`, `rbd_trash_restore`)
 *
 * @param options.name the name to give it; default: the one it had
 * @returns where it is now, as `pool/[namespace/]image`
 * @throws {CoppiceError} `NOT_FOUND`; `EXISTS` when the name is taken, with what to do; `UNSUPPORTED` for an
 * image that a migration or a begun removal put there
 */
export async function restoreFromTrash(
  cluster: Cluster,
  { pool, namespace, id }: ImageById,
  options: { name?: string } = {},
): Promise<string> {
  if (options.name !== undefined) checkName("image", options.name);
  const ioCtx = await cluster.pool(pool, namespace);
  const shown = (image: string) => showImageSpec({ pool, namespace, image });
  const lookUp = { object: shown(id), what: `there is no image with the id ${id} in the trash of ${pool}` };
  const entry = await withCoppiceErrors(lookUp, () => ioCtx.getTrash(id));
  const spec = shown(options.name ?? entry.name);
  const hint = unfinished[entry.source];
  if (hint !== undefined) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "restoreFromTrash",
      object: spec,
      message: `${spec} cannot be restored`,
      hint,
    });
  }
  try {
    await withCoppiceErrors({ object: spec, what: `${spec} could not be restored` }, () =>
      ioCtx.trashRestore(id, options.name ?? entry.name),
    );
  } catch (error) {
    if (!hasCode(error, "EXISTS")) throw error;
    throw new CoppiceError({
      code: "EXISTS",
      call: "restoreFromTrash",
      object: spec,
      message: `${spec} could not be restored: another image has that name by now`,
      hint: "Restore it under another name.",
      cause: error,
    });
  }
  return spec;
}
