import { CoppiceError } from "../errors/coppice-error.ts";
import { showImageSpec } from "./format-image-spec.ts";
import type { ImageSpec } from "./image-spec.ts";
import { parseImageSpec } from "./parse-image-spec.ts";

/** What every function that takes an image accepts: the text, or its parts. */
export type ImageSpecLike = string | Readonly<ImageSpec>;

/**
 * Turns either form into parts. Text is parsed strictly. Parts are taken as they are (an image made elsewhere
 * may have a name that no spec can express) as long as none is empty or holds NUL, which no C call can carry.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toImageSpec(input: ImageSpecLike): ImageSpec {
  if (typeof input === "string") return parseImageSpec(input);
  const { pool, namespace, image, snapshot } = input;
  const parts = { pool, image, ...(snapshot === undefined ? {} : { snapshot }) };
  for (const [part, name] of Object.entries({ ...parts, namespace })) {
    if ((name === "" && part !== "namespace") || name.includes("\0") || !name.isWellFormed()) {
      throw new CoppiceError({
        code: "INVALID_NAME",
        call: "toImageSpec",
        object: showImageSpec(input),
        message: `${JSON.stringify(name)} cannot be the name of the ${part}`,
        hint: "A name has at least one character, no NUL, and is valid Unicode.",
      });
    }
  }
  return { ...parts, namespace };
}

/**
 * The same for a place where a snapshot makes no sense, such as the target of a clone.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toImageOnly(input: ImageSpecLike): ImageSpec {
  const spec = toImageSpec(input);
  if (spec.snapshot === undefined) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "toImageSpec",
    object: showImageSpec(spec),
    message: `${JSON.stringify(showImageSpec(spec))} names a snapshot where an image is needed`,
    hint: "Leave out the part from the @ on.",
  });
}
