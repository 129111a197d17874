import type { NativeNewImage } from "./new-image.ts";
import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeLinkedImage {
  readonly poolId: number;
  readonly poolName: string;
  readonly namespace: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly trash: boolean;
}

export interface NativeParent extends NativeLinkedImage {
  readonly snapshotId: bigint;
  readonly snapshotName: string;
  readonly snapshotNamespace: number;
  readonly overlap: number;
}

export interface ImageBinding {
  imageStat(
    image: ImageRef,
    operation: Operation,
  ): Promise<{
    size: number;
    objectSize: number;
    order: number;
    objectCount: number;
    blockNamePrefix: string;
  }>;
  imageSize(image: ImageRef, operation: Operation): Promise<number>;
  imageFeatures(image: ImageRef, operation: Operation): Promise<bigint>;
  imageOpFeatures(image: ImageRef, operation: Operation): Promise<bigint>;
  imageFlags(image: ImageRef, operation: Operation): Promise<bigint>;
  imageOverlap(image: ImageRef, operation: Operation): Promise<number>;
  imageStripe(image: ImageRef, operation: Operation): Promise<{ unit: number; count: number }>;
  imageIsOldFormat(image: ImageRef, operation: Operation): Promise<boolean>;
  imageDataPoolId(image: ImageRef, operation: Operation): Promise<number>;
  imageTimestamps(
    image: ImageRef,
    operation: Operation,
  ): Promise<{ created: number; accessed: number; modified: number }>;
  updateFeatures(image: ImageRef, features: bigint, enabled: boolean, operation: Operation): Promise<void>;
  imageParent(image: ImageRef, operation: Operation): Promise<NativeParent | null>;
  listChildren: ListLinked;
  listDescendants: ListLinked;
  resize(image: ImageRef, size: number, allowShrink: boolean, operation: Operation): Promise<void>;
  flatten(image: ImageRef, operation: Operation): Promise<void>;
  sparsify(image: ImageRef, sparseSize: number, operation: Operation): Promise<void>;
  rebuildObjectMap(image: ImageRef, operation: Operation): Promise<void>;
  copy(
    image: ImageRef,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    sparseSize: number,
    operation: Operation,
  ): Promise<void>;
  copyOnto(image: ImageRef, target: ImageRef, operation: Operation): Promise<void>;
  deepCopy(
    image: ImageRef,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  invalidateCache(image: ImageRef, operation: Operation): Promise<void>;
  getMetadata(image: ImageRef, key: string, operation: Operation): Promise<string>;
  setMetadata(image: ImageRef, key: string, value: string, operation: Operation): Promise<void>;
  removeMetadata(image: ImageRef, key: string, operation: Operation): Promise<void>;
  listMetadata(image: ImageRef, operation: Operation): Promise<[string, string][]>;
  listWatchers(
    image: ImageRef,
    operation: Operation,
  ): Promise<{ address: string; clientId: bigint; cookie: bigint }[]>;
}

export type ListLinked = (
  image: ImageRef,
  snapshot: string | bigint | undefined,
  operation: Operation,
) => Promise<NativeLinkedImage[]>;
