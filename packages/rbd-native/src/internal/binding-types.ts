// The functions of the compiled part, as the files in native/calls define them. Arguments are not checked
// there; a failed call rejects with a NativeFailure.

declare const tag: unique symbol;
interface Opaque<Name extends string> {
  readonly [tag]: Name;
}
export type ClusterRef = Opaque<"cluster">;
export type IoCtxRef = Opaque<"ioctx">;
export type ImageRef = Opaque<"image">;
export type OperationRef = Opaque<"operation">;
export type DiffRef = Opaque<"diff">;
export type CursorRef = Opaque<"cursor">;
export type CopyRef = Opaque<"copy">;
type Operation = OperationRef | undefined;

export interface NativeFailure {
  readonly errno: number;
  readonly call: string;
  readonly detail?: string;
  readonly closed?: boolean;
}

export interface NativeVersion {
  readonly major: number;
  readonly minor: number;
  readonly extra: number;
}

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

export interface NativeSnapshot {
  readonly id: bigint;
  readonly name: string;
  readonly size: number;
  readonly kind: number;
  readonly protected: boolean;
  readonly timestamp: number;
  readonly originalName: string;
}

export interface NativeTrashed {
  readonly id: string;
  readonly name: string;
  readonly source: number;
  readonly deletedAt: number;
  readonly deferredUntil: number;
}

export interface NativeConnectOptions {
  readonly cluster: string;
  readonly user: string;
  readonly conf: string | undefined;
  readonly settings: readonly string[];
  readonly defaults: readonly string[];
}

export interface NativeNewImage {
  readonly format?: number | undefined;
  readonly order?: number | undefined;
  readonly features?: bigint | undefined;
  readonly stripeUnit?: number | undefined;
  readonly stripeCount?: number | undefined;
  readonly dataPool?: string | undefined;
  readonly journalOrder?: number | undefined;
  readonly journalSplayWidth?: number | undefined;
  readonly journalPool?: string | undefined;
  readonly cloneFormat?: number | undefined;
  readonly flatten?: boolean | undefined;
  readonly mirrorImageMode?: number | undefined;
}

export interface NativeReply {
  readonly output: Buffer;
  readonly status: string;
}

export interface LibraryBinding {
  version(): { librbd: NativeVersion; librados: NativeVersion };
  hasFunction(name: string): boolean;
  shutDown(): void;
  createOperation(onProgress: ((done: number, total: number) => void) | undefined): OperationRef;
  cancelOperation(operation: OperationRef): void;
  close(handle: ClusterRef | IoCtxRef | ImageRef): Promise<void>;
}

export interface ClusterBinding {
  connect(o: NativeConnectOptions, operation: Operation): Promise<{ handle: ClusterRef; fsid: string }>;
  getSetting(cluster: ClusterRef, name: string, operation: Operation): Promise<string>;
  setSetting(cluster: ClusterRef, name: string, value: string, operation: Operation): Promise<void>;
  clusterStat(
    cluster: ClusterRef,
    operation: Operation,
  ): Promise<{ totalBytes: number; usedBytes: number; availableBytes: number; objects: number }>;
  instanceId(cluster: ClusterRef, operation: Operation): Promise<bigint>;
  waitForLatestOsdMap(cluster: ClusterRef, operation: Operation): Promise<void>;
  minCompatibleClient(
    cluster: ClusterRef,
    operation: Operation,
  ): Promise<{ present: number; required: number }>;
  listPools(cluster: ClusterRef, operation: Operation): Promise<{ id: number; name: string }[]>;
  createPool(cluster: ClusterRef, name: string, operation: Operation): Promise<void>;
  deletePool(cluster: ClusterRef, name: string, operation: Operation): Promise<void>;
  openPool(
    cluster: ClusterRef,
    name: string,
    namespace: string,
    operation: Operation,
  ): Promise<{ handle: IoCtxRef; id: number }>;
  monCommand: SendCommand;
  mgrCommand: SendCommand;
  osdCommand: SendCommand;
}

export type SendCommand = (
  cluster: ClusterRef,
  json: string,
  input: Uint8Array | undefined,
  target: number | undefined,
  operation: Operation,
) => Promise<NativeReply>;

export interface PoolBinding {
  initPool(io: IoCtxRef, force: boolean, operation: Operation): Promise<void>;
  listNamespaces(io: IoCtxRef, operation: Operation): Promise<string[]>;
  createNamespace(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  removeNamespace(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  namespaceExists(io: IoCtxRef, name: string, operation: Operation): Promise<boolean>;
  getPoolMetadata(io: IoCtxRef, key: string, operation: Operation): Promise<string>;
  setPoolMetadata(io: IoCtxRef, key: string, value: string, operation: Operation): Promise<void>;
  removePoolMetadata(io: IoCtxRef, key: string, operation: Operation): Promise<void>;
  listPoolMetadata(io: IoCtxRef, operation: Operation): Promise<[string, string][]>;
  listImages(io: IoCtxRef, operation: Operation): Promise<{ id: string; name: string }[]>;
  createImage(
    io: IoCtxRef,
    name: string,
    size: number,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  cloneImage(
    parent: IoCtxRef,
    image: string,
    snapshot: string | bigint,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  removeImage(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  renameImage(io: IoCtxRef, from: string, to: string, operation: Operation): Promise<void>;
  openImage(
    io: IoCtxRef,
    nameOrId: string,
    byId: boolean,
    readOnly: boolean,
    snapshot: string | undefined,
    operation: Operation,
  ): Promise<{ handle: ImageRef; id: string; name: string; size: number; changes: Uint32Array }>;
  listTrash(io: IoCtxRef, operation: Operation): Promise<NativeTrashed[]>;
  getTrash(io: IoCtxRef, id: string, operation: Operation): Promise<NativeTrashed>;
  trashMove(io: IoCtxRef, name: string, delaySeconds: number, operation: Operation): Promise<void>;
  trashRestore(io: IoCtxRef, id: string, name: string, operation: Operation): Promise<void>;
  trashRemove(io: IoCtxRef, id: string, force: boolean, operation: Operation): Promise<void>;
  trashPurge(io: IoCtxRef, before: number, threshold: number, operation: Operation): Promise<void>;
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

export interface SnapshotBinding {
  listSnapshots(image: ImageRef, operation: Operation): Promise<NativeSnapshot[]>;
  createSnapshot(image: ImageRef, name: string, flags: number, operation: Operation): Promise<void>;
  removeSnapshot(image: ImageRef, name: string, flags: number, operation: Operation): Promise<void>;
  removeSnapshotById(image: ImageRef, id: bigint, operation: Operation): Promise<void>;
  protectSnapshot(image: ImageRef, name: string, operation: Operation): Promise<void>;
  unprotectSnapshot(image: ImageRef, name: string, operation: Operation): Promise<void>;
  isSnapshotProtected(image: ImageRef, name: string, operation: Operation): Promise<boolean>;
  snapshotExists(image: ImageRef, name: string, operation: Operation): Promise<boolean>;
  renameSnapshot(image: ImageRef, from: string, to: string, operation: Operation): Promise<void>;
  rollback(image: ImageRef, name: string, operation: Operation): Promise<void>;
  setSnapshot(image: ImageRef, snapshot: string | bigint | null, operation: Operation): Promise<number>;
  snapshotId(image: ImageRef, name: string, operation: Operation): Promise<bigint>;
  snapshotName(image: ImageRef, id: bigint, operation: Operation): Promise<string>;
  getSnapshotLimit(image: ImageRef, operation: Operation): Promise<bigint>;
  setSnapshotLimit(image: ImageRef, limit: bigint, operation: Operation): Promise<void>;
}

export interface LockBinding {
  listLockers(
    image: ImageRef,
    operation: Operation,
  ): Promise<{
    exclusive: boolean;
    tag: string;
    lockers: { client: string; cookie: string; address: string }[];
  }>;
  lockExclusive(image: ImageRef, cookie: string, operation: Operation): Promise<void>;
  lockShared(image: ImageRef, cookie: string, tag: string, operation: Operation): Promise<void>;
  unlock(image: ImageRef, cookie: string, operation: Operation): Promise<void>;
  breakLock(image: ImageRef, client: string, cookie: string, operation: Operation): Promise<void>;
  isExclusiveLockOwner(image: ImageRef, operation: Operation): Promise<boolean>;
  acquireExclusiveLock(image: ImageRef, operation: Operation): Promise<void>;
  releaseExclusiveLock(image: ImageRef, operation: Operation): Promise<void>;
  exclusiveLockOwners(image: ImageRef, operation: Operation): Promise<string[]>;
  breakExclusiveLock(image: ImageRef, owner: string, operation: Operation): Promise<void>;
}

export interface DataBinding {
  read(image: ImageRef, offset: number, into: Uint8Array, flags: number): Promise<number>;
  write(image: ImageRef, offset: number, data: Uint8Array, flags: number): Promise<void>;
  writeZeroes(
    image: ImageRef,
    offset: number,
    length: number,
    zeroFlags: number,
    flags: number,
  ): Promise<void>;
  discard(image: ImageRef, offset: number, length: number): Promise<void>;
  writeSame(
    image: ImageRef,
    offset: number,
    length: number,
    pattern: Uint8Array,
    flags: number,
  ): Promise<void>;
  compareAndWrite(
    image: ImageRef,
    offset: number,
    expected: Uint8Array,
    data: Uint8Array,
    flags: number,
  ): Promise<void>;
  flush(image: ImageRef): Promise<void>;
  startDiff(
    image: ImageRef,
    from: string | bigint | undefined,
    offset: number,
    length: number,
    includeParent: boolean,
    wholeObject: boolean,
    operation: OperationRef,
  ): { stream: DiffRef; ended: Promise<void> };
  nextDiffBatch(stream: DiffRef): Promise<Float64Array | null>;
  stopDiff(stream: DiffRef): void;
}

export interface RangeBinding {
  scanZeroes(
    image: ImageRef,
    offset: number,
    length: number,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  readSparse(
    image: ImageRef,
    offset: number,
    into: Uint8Array,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  compareImages(
    image: ImageRef,
    other: ImageRef,
    offset: number,
    length: number,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  digestBlocks(
    image: ImageRef,
    offset: number,
    length: number,
    blockSize: number,
    operation: Operation,
  ): Promise<Uint8Array>;
}

export interface NativeLockers {
  readonly exclusive: boolean;
  readonly tag: string;
  readonly lockers: readonly { readonly client: string; readonly cookie: string; readonly address: string }[];
}

export interface ObjectBinding {
  listObjects(
    io: IoCtxRef,
    cursor: CursorRef | undefined,
    limit: number,
    operation: Operation,
  ): Promise<{ names: string[]; next: CursorRef | null }>;
  lockObject(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    tag: string | undefined,
    description: string,
    seconds: number,
    renew: boolean,
    operation: Operation,
  ): Promise<void>;
  unlockObject(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    operation: Operation,
  ): Promise<void>;
  breakObjectLock(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    client: string,
    operation: Operation,
  ): Promise<void>;
  listObjectLockers(io: IoCtxRef, object: string, name: string, operation: Operation): Promise<NativeLockers>;
  readObject(
    io: IoCtxRef,
    object: string,
    steps: readonly (readonly unknown[])[],
    flags: number,
  ): Promise<unknown[]>;
  writeObject(
    io: IoCtxRef,
    object: string,
    steps: readonly (readonly unknown[])[],
    flags: number,
  ): Promise<void>;
}

export interface CopyBinding {
  createCopy(operations: number, bytes: number): CopyRef;
  tuneForCopies(io: IoCtxRef, operation: Operation): Promise<void>;
  setCopyRates(copy: CopyRef, bytesPerSecond: number, operationsPerSecond: number): void;
  copyCounters(copy: CopyRef): {
    bytesRead: number;
    bytesWritten: number;
    bytesZeroed: number;
    bytesSkipped: number;
    operations: number;
    depth: number;
  };
  copyExtents(
    copy: CopyRef,
    source: ImageRef,
    snapshotId: bigint,
    blockSize: number,
    target: ImageRef | undefined,
    extents: Float64Array,
    digests: boolean,
    operation: Operation,
  ): Promise<{ blocks: Float64Array; digests: Uint8Array }>;
  /** Whether a copy wrote objects that the handle does not know of. */
  isWrittenPast(image: ImageRef): boolean;
}

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

export interface NativeMigrationEnd {
  readonly poolId: number;
  readonly namespace: string;
  readonly imageName: string;
  readonly imageId: string;
}

export interface MigrationBinding {
  prepareMigration(
    io: IoCtxRef,
    image: string,
    targetIo: IoCtxRef,
    target: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  prepareImport(
    source: string,
    io: IoCtxRef,
    target: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  executeMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  abortMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  commitMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  migrationStatus(
    io: IoCtxRef,
    image: string,
    operation: Operation,
  ): Promise<{ source: NativeMigrationEnd; target: NativeMigrationEnd; state: number; description: string }>;
  migrationSource(image: ImageRef, operation: Operation): Promise<string>;
}

export interface SettingBinding {
  poolConfiguration(
    io: IoCtxRef,
    operation: Operation,
  ): Promise<{ name: string; value: string; source: number }[]>;
  imageConfiguration(
    image: ImageRef,
    operation: Operation,
  ): Promise<{ name: string; value: string; source: number }[]>;
  poolStats(io: IoCtxRef, operation: Operation): Promise<number[]>;
  formatEncryption: Encrypt;
  loadEncryption: Encrypt;
  loadEncryptionLayers(
    image: ImageRef,
    passphrases: readonly Uint8Array[],
    operation: Operation,
  ): Promise<void>;
}

export type Encrypt = (
  image: ImageRef,
  format: number,
  algorithm: number,
  passphrase: Uint8Array,
  operation: Operation,
) => Promise<void>;

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

export interface NativeNotification {
  readonly notifyId: bigint;
  readonly cookie: bigint;
  readonly notifierId: bigint;
  readonly data: Buffer;
}

export interface NativeAck {
  readonly clientId: bigint;
  readonly cookie: bigint;
  readonly data: Buffer;
}

export interface WatchBinding {
  watchObject(
    io: IoCtxRef,
    object: string,
    timeoutSeconds: number,
    listener: (event: NativeNotification | { readonly errno: number }) => void,
    operation: Operation,
  ): Promise<bigint>;
  unwatchObject(io: IoCtxRef, cookie: bigint, operation: Operation): Promise<void>;
  acknowledge(
    io: IoCtxRef,
    object: string,
    notifyId: bigint,
    cookie: bigint,
    reply: Uint8Array,
    operation: Operation,
  ): Promise<void>;
  notify(
    io: IoCtxRef,
    object: string,
    data: string | Uint8Array,
    timeoutMs: number,
    operation: Operation,
  ): Promise<{ replies: NativeAck[]; missing: NativeAck[] }>;
  watchUpdates(image: ImageRef, listener: (event: number) => void, operation: Operation): Promise<bigint>;
  watchQuiesce(image: ImageRef, listener: (event: number) => void, operation: Operation): Promise<bigint>;
  unwatch(image: ImageRef, handle: bigint, quiesce: boolean, operation: Operation): Promise<void>;
  quiesceComplete(image: ImageRef, handle: bigint, errno: number, operation: Operation): Promise<void>;
}

export interface Binding
  extends LibraryBinding,
    ClusterBinding,
    PoolBinding,
    ImageBinding,
    SnapshotBinding,
    LockBinding,
    DataBinding,
    RangeBinding,
    ObjectBinding,
    GroupBinding,
    MigrationBinding,
    SettingBinding,
    MirrorBinding,
    WatchBinding,
    CopyBinding {}
