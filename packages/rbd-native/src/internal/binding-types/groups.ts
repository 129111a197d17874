import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface GroupBinding {
  listGroups(io: IoCtxRef, operation: Operation): Promise<string[]>;
  createGroup(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  removeGroup(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  renameGroup(io: IoCtxRef, from: string, to: string, operation: Operation): Promise<void>;
  addGroupImage: ChangeMember;
  removeGroupImage: ChangeMember;
  removeGroupImageById: ChangeMember;
  listGroupImages(
    io: IoCtxRef,
    group: string,
    operation: Operation,
  ): Promise<{ name: string; poolId: number; state: number }[]>;
  imageGroup(image: ImageRef, operation: Operation): Promise<{ name: string; poolId: number } | null>;
  listGroupSnapshots(
    io: IoCtxRef,
    group: string,
    operation: Operation,
  ): Promise<{ name: string; state: number }[]>;
  createGroupSnapshot(
    io: IoCtxRef,
    group: string,
    name: string,
    flags: number,
    operation: Operation,
  ): Promise<void>;
  removeGroupSnapshot(io: IoCtxRef, group: string, name: string, operation: Operation): Promise<void>;
  renameGroupSnapshot(
    io: IoCtxRef,
    group: string,
    from: string,
    to: string,
    operation: Operation,
  ): Promise<void>;
  rollbackGroup(io: IoCtxRef, group: string, name: string, operation: Operation): Promise<void>;
  snapshotGroup(
    image: ImageRef,
    id: bigint,
    operation: Operation,
  ): Promise<{ poolId: number; group: string; snapshot: string }>;
}

export type ChangeMember = (
  io: IoCtxRef,
  group: string,
  imageIo: IoCtxRef,
  image: string,
  operation: Operation,
) => Promise<void>;
