import type { IoCtx } from "rbd-native";
import { CoppiceError } from "../errors/coppice-error.ts";
import { DecodeError } from "../headers/decode-error.ts";
import { headerObject } from "../headers/object-names.ts";
import { readImageId } from "../headers/read-image-id.ts";
import { ignoreNotFound } from "../headers/read-objects.ts";

/**
 * Whether an image has its name and an id, and nothing more. librbd makes these first: so is an image in the moment of
 * its creation, and for ever when whoever created it died there. It can neither be opened nor created.
 *
 * @throws RbdError
 */
export async function isHalfMade(ioCtx: IoCtx, name: string): Promise<boolean> {
  try {
    const id = await ignoreNotFound(() => readImageId(ioCtx, name, undefined));
    return id !== null && !(await hasHeader(ioCtx, id));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

/** Whether there is more of an image than its name and this id. @throws RbdError */
export async function hasHeader(ioCtx: IoCtx, id: string): Promise<boolean> {
  return (await ignoreNotFound(() => ioCtx.objects.stat(headerObject(id)))) !== null;
}

/** What to say to who wants to create it. */
export function halfMade(object: string, call: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} could not be created: its creation was begun before, and has not come to an end`,
    hint: "If nobody is creating it now, free the name with `removeImage` or `rbd rm`.",
  });
}
