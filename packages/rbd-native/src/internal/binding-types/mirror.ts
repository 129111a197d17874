import type { ClusterRef, ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeMirrorInfo {
  readonly globalId: string;
  readonly state: number;
  readonly primary: boolean;
  readonly mode: number;
}

export interface NativeMirrorStatus {
  readonly name: string;
  readonly info: NativeMirrorInfo;
  readonly sites: readonly {
    readonly mirrorUuid: string;
    readonly state: number;
    readonly description: string;
    readonly lastUpdate: number;
    readonly up: boolean;
  }[];
}

export interface NativeMirrorPeer {
  readonly uuid: string;
  readonly direction: number;
  readonly siteName: string;
  readonly mirrorUuid: string;
  readonly clientName: string;
  readonly lastSeen: number;
}

export interface MirrorBinding {
  getMirrorMode(io: IoCtxRef, operation: Operation): Promise<number>;
  setMirrorMode(io: IoCtxRef, mode: number, operation: Operation): Promise<void>;
  mirrorUuid(io: IoCtxRef, operation: Operation): Promise<string>;
  getMirrorSiteName(cluster: ClusterRef, operation: Operation): Promise<string>;
  setMirrorSiteName(cluster: ClusterRef, name: string, operation: Operation): Promise<void>;
  createMirrorBootstrap(io: IoCtxRef, operation: Operation): Promise<string>;
  importMirrorBootstrap(io: IoCtxRef, direction: number, token: string, operation: Operation): Promise<void>;
  mirrorStatusSummary(io: IoCtxRef, operation: Operation): Promise<{ state: number; count: number }[]>;
  listMirrorPeers(io: IoCtxRef, operation: Operation): Promise<NativeMirrorPeer[]>;
  addMirrorPeer(
    io: IoCtxRef,
    direction: number,
    siteName: string,
    clientName: string,
    operation: Operation,
  ): Promise<string>;
  removeMirrorPeer(io: IoCtxRef, uuid: string, operation: Operation): Promise<void>;
  setMirrorPeerSiteName(io: IoCtxRef, uuid: string, name: string, operation: Operation): Promise<void>;
  setMirrorPeerClientName(io: IoCtxRef, uuid: string, name: string, operation: Operation): Promise<void>;
  setMirrorPeerDirection(io: IoCtxRef, uuid: string, direction: number, operation: Operation): Promise<void>;
  getMirrorPeerAttributes(
    io: IoCtxRef,
    uuid: string,
    operation: Operation,
  ): Promise<{ keys: string[]; values: string[] }>;
  setMirrorPeerAttributes(
    io: IoCtxRef,
    uuid: string,
    keys: readonly string[],
    values: readonly string[],
    operation: Operation,
  ): Promise<void>;
  enableMirroring(image: ImageRef, mode: number, operation: Operation): Promise<void>;
  disableMirroring(image: ImageRef, force: boolean, operation: Operation): Promise<void>;
  promote(image: ImageRef, force: boolean, operation: Operation): Promise<void>;
  demote(image: ImageRef, operation: Operation): Promise<void>;
  resync(image: ImageRef, operation: Operation): Promise<void>;
  createMirrorSnapshot(image: ImageRef, flags: number, operation: Operation): Promise<bigint>;
  mirrorInfo(image: ImageRef, operation: Operation): Promise<NativeMirrorInfo>;
  mirrorStatus(image: ImageRef, operation: Operation): Promise<NativeMirrorStatus>;
  mirrorInstanceId(image: ImageRef, operation: Operation): Promise<string>;
  snapshotMirror(
    image: ImageRef,
    id: bigint,
    operation: Operation,
  ): Promise<{
    state: number;
    peerUuids: string[];
    complete: boolean;
    primaryUuid: string;
    primarySnapshotId: bigint;
    lastCopiedObject: number;
  }>;
  listMirrorStatuses(io: IoCtxRef, operation: Operation): Promise<[string, NativeMirrorStatus][]>;
  listMirrorInfos(io: IoCtxRef, mode: number, operation: Operation): Promise<[string, NativeMirrorInfo][]>;
  listMirrorInstanceIds(io: IoCtxRef, operation: Operation): Promise<[string, string][]>;
}
