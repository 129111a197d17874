import type { CallOptions } from "../call-options.ts";
import type { OpenImage } from "../image/open-image.ts";
import { native } from "../internal/binding.ts";
import { read } from "../internal/call.ts";
import { type Place, spec } from "./place.ts";

const sources = ["config", "pool", "image"] as const;

/** A setting of librbd as it is in force, and where it was set. */
export interface ConfigurationEntry {
  readonly name: string;
  readonly value: string;
  readonly source: (typeof sources)[number] | "unknown";
}

export interface PoolStats {
  readonly images: number;
  readonly provisionedBytes: number;
  /** With the sizes of all snapshots. */
  readonly maxProvisionedBytes: number;
  readonly snapshots: number;
  readonly trashImages: number;
  readonly trashProvisionedBytes: number;
  readonly trashMaxProvisionedBytes: number;
  readonly trashSnapshots: number;
}

function toEntries(found: { name: string; value: string; source: number }[]): ConfigurationEntry[] {
  return found.map((entry) => ({ ...entry, source: sources[entry.source] ?? "unknown" }));
}

export async function poolConfiguration(place: Place, o?: CallOptions): Promise<ConfigurationEntry[]> {
  return toEntries(
    await read(spec(place), o, (operation) => native.poolConfiguration(place.handle, operation)),
  );
}

export async function imageConfiguration(image: OpenImage, o?: CallOptions): Promise<ConfigurationEntry[]> {
  return toEntries(
    await read(image.spec, o, (operation) => native.imageConfiguration(image.handle, operation)),
  );
}

export async function poolStats(place: Place, o?: CallOptions): Promise<PoolStats> {
  const found = await read(spec(place), o, (operation) => native.poolStats(place.handle, operation));
  const at = (i: number) => found[i] as number;
  return {
    images: at(0),
    provisionedBytes: at(1),
    maxProvisionedBytes: at(2),
    snapshots: at(3),
    trashImages: at(4),
    trashProvisionedBytes: at(5),
    trashMaxProvisionedBytes: at(6),
    trashSnapshots: at(7),
  };
}
