import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkName } from "../internal/check.ts";
import { type Place, spec } from "./place.ts";

export function listNamespaces(place: Place, o?: CallOptions): Promise<string[]> {
  return read(spec(place), o, (operation) => native.listNamespaces(place.handle, operation));
}

export async function createNamespace(place: Place, name: string, o?: CallOptions): Promise<void> {
  checkName("rbd_namespace_create", spec(place), "name", name);
  await change(spec(place), o, (operation) => native.createNamespace(place.handle, name, operation));
}

export async function removeNamespace(place: Place, name: string, o?: CallOptions): Promise<void> {
  checkName("rbd_namespace_remove", spec(place), "name", name);
  await change(spec(place), o, (operation) => native.removeNamespace(place.handle, name, operation));
}

export async function namespaceExists(place: Place, name: string, o?: CallOptions): Promise<boolean> {
  checkName("rbd_namespace_exists", spec(place), "name", name);
  return await read(spec(place), o, (operation) => native.namespaceExists(place.handle, name, operation));
}
