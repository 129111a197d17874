import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkName, checkText } from "../internal/check.ts";
import type { OpenImage } from "./open-image.ts";

export async function getMetadata(image: OpenImage, key: string, o?: CallOptions): Promise<string> {
  checkName("rbd_metadata_get", image.spec, "key", key);
  return await read(image.spec, o, (operation) => native.getMetadata(image.handle, key, operation));
}

export async function setMetadata(
  image: OpenImage,
  key: string,
  value: string,
  o?: CallOptions,
): Promise<void> {
  checkName("rbd_metadata_set", image.spec, "key", key);
  checkText("rbd_metadata_set", image.spec, "value", value);
  await change(image.spec, o, (operation) => native.setMetadata(image.handle, key, value, operation));
}

export async function removeMetadata(image: OpenImage, key: string, o?: CallOptions): Promise<void> {
  checkName("rbd_metadata_remove", image.spec, "key", key);
  await change(image.spec, o, (operation) => native.removeMetadata(image.handle, key, operation));
}

export async function listMetadata(image: OpenImage, o?: CallOptions): Promise<Map<string, string>> {
  return new Map(await read(image.spec, o, (operation) => native.listMetadata(image.handle, operation)));
}
