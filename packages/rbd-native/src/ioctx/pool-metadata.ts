import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkName, checkText } from "../internal/check.ts";
import { type Place, spec } from "./place.ts";

export async function getPoolMetadata(place: Place, key: string, o?: CallOptions): Promise<string> {
  checkName("rbd_pool_metadata_get", spec(place), "key", key);
  return await read(spec(place), o, (operation) => native.getPoolMetadata(place.handle, key, operation));
}

export async function setPoolMetadata(
  place: Place,
  key: string,
  value: string,
  o?: CallOptions,
): Promise<void> {
  checkName("rbd_pool_metadata_set", spec(place), "key", key);
  checkText("rbd_pool_metadata_set", spec(place), "value", value);
  await change(spec(place), o, (operation) => native.setPoolMetadata(place.handle, key, value, operation));
}

export async function removePoolMetadata(place: Place, key: string, o?: CallOptions): Promise<void> {
  checkName("rbd_pool_metadata_remove", spec(place), "key", key);
  await change(spec(place), o, (operation) => native.removePoolMetadata(place.handle, key, operation));
}

export async function listPoolMetadata(place: Place, o?: CallOptions): Promise<Map<string, string>> {
  return new Map(await read(spec(place), o, (operation) => native.listPoolMetadata(place.handle, operation)));
}
