import { CoppiceError } from "../../errors/coppice-error.ts";
import { showImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";

/** That there is an image where one was to be made. */
export function existsAlready(place: ImageSpec, call: string): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} is there already`,
    hint: "Choose another name.",
  });
}
