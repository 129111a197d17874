import type { CallOptions } from "../call-options.ts";
import type { IdentifiedImage } from "../image/class/base.ts";
import { native } from "../internal/binding.ts";
import { read } from "../internal/call.ts";
import { checkName } from "../internal/check.ts";
import { type Place, spec, specIn } from "./place.ts";

export interface OpenImageOptions extends CallOptions {
  /** Without a watcher on the image: nothing can be written, and what others change (its size, snapshots) is not seen: open it again. */
  readonly readOnly?: boolean | undefined;
  /** Open it as it was at this snapshot. */
  readonly snapshot?: string | undefined;
}

/** By name, or by the id that {@link ImageEntry} and the trash give. */
export type ImageReference = string | { readonly id: string };

export async function openImage(
  place: Place,
  image: ImageReference,
  o?: OpenImageOptions,
): Promise<IdentifiedImage> {
  const call = o?.readOnly ? "rbd_open_read_only" : "rbd_open";
  const byId = typeof image !== "string";
  const reference = checkName(call, spec(place), byId ? "id" : "name", byId ? image?.id : image);
  const snapshot =
    o?.snapshot === undefined ? undefined : checkName(call, spec(place), "snapshot", o.snapshot);
  const object =
    snapshot === undefined ? specIn(place, reference) : `${specIn(place, reference)}@${snapshot}`;
  const opened = await read(
    object,
    o,
    (operation) => native.openImage(place.handle, reference, byId, o?.readOnly === true, snapshot, operation),
    (late) => void native.close(late.handle),
  );
  return { ...opened, spec: specIn(place, opened.name) };
}
