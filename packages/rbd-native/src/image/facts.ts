import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { read } from "../internal/call.ts";
import type { OpenImage } from "./open-image.ts";

export interface ImageStat {
  readonly size: number;
  readonly objectSize: number;
  /** objectSize is 2 to this power. */
  readonly order: number;
  readonly objectCount: number;
  /** `rbd_data.<id>`: what the names of its objects begin with. */
  readonly blockNamePrefix: string;
}

export interface Stripe {
  readonly unit: number;
  readonly count: number;
}

export interface ImageTimestamps {
  readonly created: Date;
  readonly accessed: Date;
  readonly modified: Date;
}

export async function stat(image: OpenImage, o?: CallOptions): Promise<ImageStat> {
  return await read(image.spec, o, (operation) => native.imageStat(image.handle, operation));
}

export function size(image: OpenImage, o?: CallOptions): Promise<number> {
  const ask = () => read(image.spec, o, (operation) => native.imageSize(image.handle, operation));
  return o === undefined ? image.learnSizeTogether(ask) : image.learnSize(ask);
}

export async function timestamps(image: OpenImage, o?: CallOptions): Promise<ImageTimestamps> {
  const times = await read(image.spec, o, (operation) => native.imageTimestamps(image.handle, operation));
  return {
    created: new Date(times.created),
    accessed: new Date(times.accessed),
    modified: new Date(times.modified),
  };
}
