import type { ForestPlace } from "./random-forest.ts";
import type { RbdCli } from "./rbd-cli.ts";
import type { Info } from "./witness.ts";

/** The output of `rbd info --format json`, as far as it is compared. */
export interface RbdInfo extends Info {
  name: string;
  order: number;
  snapshot_count: number;
  block_name_prefix: string;
  access_timestamp: string;
  modify_timestamp: string;
  mirroring?: { state: string; global_id: string; mode: string };
}

export interface RbdSnapshot {
  id: number;
  name: string;
  size: number;
  protected: string;
  timestamp: string;
  namespace: { type: string; group?: string; pool?: string; original_name?: string };
}

export interface RbdChild {
  pool: string;
  pool_namespace: string;
  image: string;
  id?: string;
  trash?: boolean;
}

export interface WitnessedImage {
  place: ForestPlace;
  /** How `rbd` addresses it. */
  address: string[];
  inTrash: { source: string; deletedAt: string; status: string } | null;
  info: RbdInfo;
  snapshots: RbdSnapshot[];
  /** By snapshot name, all kinds; `null` for an image in the trash, which `rbd children` cannot address. */
  children: Map<number, RbdChild[]> | null;
}

/** Everything `rbd` can tell about the images of some places, one command after the other. */
export async function witnessImages(cli: RbdCli, places: readonly ForestPlace[]): Promise<WitnessedImage[]> {
  const images: WitnessedImage[] = [];
  for (const place of places) {
    const at = ["--pool", place.pool, ...(place.namespace === "" ? [] : ["--namespace", place.namespace])];
    for (const name of await cli.rbdJson<string[]>("ls", ...at)) {
      images.push(await witness(cli, place, [...at, "--image", name], null));
    }
    type Trashed = { id: string; source: string; deleted_at: string; status: string };
    for (const entry of await cli.rbdJson<Trashed[]>("trash", "ls", "--all", "--long", ...at)) {
      const inTrash = { source: entry.source, deletedAt: entry.deleted_at, status: entry.status };
      images.push(await witness(cli, place, [...at, "--image-id", entry.id], inTrash));
    }
  }
  return images;
}

async function witness(
  cli: RbdCli,
  place: ForestPlace,
  address: string[],
  inTrash: WitnessedImage["inTrash"],
): Promise<WitnessedImage> {
  const info = await cli.rbdJson<RbdInfo>("info", ...address);
  const snapshots = await cli.rbdJson<RbdSnapshot[]>("snap", "ls", "--all", ...address);
  if (inTrash !== null) return { place, address, inTrash, info, snapshots, children: null };
  const children = new Map<number, RbdChild[]>();
  for (const { id } of snapshots) {
    children.set(id, await cli.rbdJson("children", "--all", ...address, "--snap-id", `${id}`));
  }
  return { place, address, inTrash, info, snapshots, children };
}

/** A time as `rbd` prints it: local, to the second. */
export function printedTime(date: Date | null): string {
  const time = date ?? new Date(0);
  const names = (values: string, index: number) => values.slice(index * 3, index * 3 + 3);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const day = names("SunMonTueWedThuFriSat", time.getDay());
  const month = names("JanFebMarAprMayJunJulAugSepOctNovDec", time.getMonth());
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${day} ${month} ${`${time.getDate()}`.padStart(2)} ${clock} ${time.getFullYear()}`;
}
