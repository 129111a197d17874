// What the compiled part (native/calls) defines: handles, argument and result types, and the functions.
declare const tag: unique symbol;
/** A value that only the compiled part can read. */
interface Opaque<Name extends string> {
  readonly [tag]: Name;
}

export type ClusterRef = Opaque<"cluster">;
export type IoCtxRef = Opaque<"ioctx">;
export type ImageRef = Opaque<"image">;
type OperationRef = Opaque<"operation">;
export type DiffRef = Opaque<"diff">;
export type CursorRef = Opaque<"cursor">;
export type CopyRef = Opaque<"copy">;
export type WriteMemoryRef = Opaque<"write memory">;

/** Cancels a call and reports its progress; undefined for a call without a signal and without a progress listener. */
export type Operation = OperationRef | undefined;

/** The rejection of a failed call. */
export interface NativeFailure {
  readonly errno: number;
  readonly call: string;
  readonly detail?: string;
  readonly closed?: boolean;
}

interface NativeVersion {
  readonly major: number;
  readonly minor: number;
  readonly extra: number;
}

export interface NativeConnectOptions {
  readonly cluster: string;
  readonly user: string;
  readonly conf: string | undefined;
  readonly settings: readonly string[];
  readonly defaults: readonly string[];
}

interface NativeReply {
  readonly output: Buffer;
  readonly status: string;
}

export type SendCommand = (
  cluster: ClusterRef,
  json: string,
  input: Uint8Array | undefined,
  target: number | undefined,
  op: Operation,
) => Promise<NativeReply>;

export interface NativeTrashed {
  readonly id: string;
  readonly name: string;
  readonly source: number;
  readonly deletedAt: number;
  readonly deferredUntil: number;
}

export interface NativeNewImage {
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
}

export interface NativeLinkedImage {
  readonly poolId: number;
  readonly poolName: string;
  readonly namespace: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly trash: boolean;
}

interface NativeParent extends NativeLinkedImage {
  readonly snapshotId: bigint;
  readonly snapshotName: string;
  readonly snapshotNamespace: number;
  readonly overlap: number;
}

export type ListLinked = (
  image: ImageRef,
  snapshot: string | bigint | undefined,
  op: Operation,
) => Promise<NativeLinkedImage[]>;

interface NativeSnapshot {
  readonly id: bigint;
  readonly name: string;
  readonly size: number;
  readonly kind: number;
  readonly protected: boolean;
  readonly timestamp: number;
  readonly originalName: string;
}

export type Encrypt = (
  image: ImageRef,
  format: number,
  algorithm: number,
  passphrase: Uint8Array,
  op: Operation,
) => Promise<void>;

export type ChangeMember = (
  io: IoCtxRef,
  group: string,
  imageIo: IoCtxRef,
  image: string,
  op: Operation,
) => Promise<void>;

export interface NativeMigrationEnd {
  readonly poolId: number;
  readonly namespace: string;
  readonly imageName: string;
  readonly imageId: string;
}

/** Works through a range in units of the given number of bytes. */
type ThroughRange<Result> = (
  image: ImageRef,
  offset: number,
  length: number,
  unit: number,
  op: Operation,
) => Promise<Result>;

export interface NativeSetting {
  readonly name: string;
  readonly value: string;
  readonly source: number;
}

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

interface NativeNotification {
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

/** Steps of a compound operation on an object, each as [kind, …arguments]. */
type ObjectSteps = readonly (readonly unknown[])[];

interface NativeLockers {
  readonly exclusive: boolean;
  readonly tag: string;
  readonly lockers: readonly { readonly client: string; readonly cookie: string; readonly address: string }[];
}

/** The functions of the compiled part. Arguments are not checked there; a failed call rejects with a NativeFailure. */
export interface Binding {
  // The library, operations and handles.
  version(): { librbd: NativeVersion; librados: NativeVersion };
  hasFunction(name: string): boolean;
  shutDown(): void;
  createOperation(onProgress: ((done: number, total: number) => void) | undefined): OperationRef;
  cancelOperation(op: OperationRef): void;
  close(handle: ClusterRef | IoCtxRef | ImageRef): Promise<void>;

  // Clusters.
  connect(o: NativeConnectOptions, op: Operation): Promise<{ handle: ClusterRef; fsid: string }>;
  getSetting(cluster: ClusterRef, name: string, op: Operation): Promise<string>;
  setSetting(cluster: ClusterRef, name: string, value: string, op: Operation): Promise<void>;
  clusterStat(
    cluster: ClusterRef,
    op: Operation,
  ): Promise<{ totalBytes: number; usedBytes: number; availableBytes: number; objects: number }>;
  instanceId(cluster: ClusterRef, op: Operation): Promise<bigint>;
  waitForLatestOsdMap(cluster: ClusterRef, op: Operation): Promise<void>;
  blocklist(cluster: ClusterRef, address: string, seconds: number, op: Operation): Promise<void>;
  minCompatibleClient(cluster: ClusterRef, op: Operation): Promise<{ present: number; required: number }>;
  listPools(cluster: ClusterRef, op: Operation): Promise<{ id: number; name: string }[]>;
  createPool(cluster: ClusterRef, name: string, op: Operation): Promise<void>;
  deletePool(cluster: ClusterRef, name: string, op: Operation): Promise<void>;
  openPool(
    cluster: ClusterRef,
    name: string,
    namespace: string,
    failWhenFull: boolean,
    op: Operation,
  ): Promise<{ handle: IoCtxRef; id: number }>;
  monCommand: SendCommand;
  mgrCommand: SendCommand;
  osdCommand: SendCommand;

  // Pools, namespaces, images of a pool, and the trash.
  initPool(io: IoCtxRef, force: boolean, op: Operation): Promise<void>;
  listNamespaces(io: IoCtxRef, op: Operation): Promise<string[]>;
  createNamespace(io: IoCtxRef, name: string, op: Operation): Promise<void>;
  removeNamespace(io: IoCtxRef, name: string, op: Operation): Promise<void>;
  namespaceExists(io: IoCtxRef, name: string, op: Operation): Promise<boolean>;
  getPoolMetadata(io: IoCtxRef, key: string, op: Operation): Promise<string>;
  setPoolMetadata(io: IoCtxRef, key: string, value: string, op: Operation): Promise<void>;
  removePoolMetadata(io: IoCtxRef, key: string, op: Operation): Promise<void>;
  listPoolMetadata(io: IoCtxRef, op: Operation): Promise<[string, string][]>;
  listImages(io: IoCtxRef, op: Operation): Promise<{ id: string; name: string }[]>;
  createImage(io: IoCtxRef, name: string, size: number, o: NativeNewImage, op: Operation): Promise<void>;
  cloneImage(
    parent: IoCtxRef,
    image: string,
    snapshot: string | bigint,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    op: Operation,
  ): Promise<void>;
  removeImage(io: IoCtxRef, name: string, op: Operation): Promise<void>;
  renameImage(io: IoCtxRef, from: string, to: string, op: Operation): Promise<void>;
  openImage(
    io: IoCtxRef,
    nameOrId: string,
    byId: boolean,
    readOnly: boolean,
    snapshot: string | undefined,
    op: Operation,
  ): Promise<{ handle: ImageRef; id: string; name: string; size: number; changes: Uint32Array }>;
  listTrash(io: IoCtxRef, op: Operation): Promise<NativeTrashed[]>;
  getTrash(io: IoCtxRef, id: string, op: Operation): Promise<NativeTrashed>;
  trashMove(io: IoCtxRef, name: string, delaySeconds: number, op: Operation): Promise<void>;
  trashRestore(io: IoCtxRef, id: string, name: string, op: Operation): Promise<void>;
  trashRemove(io: IoCtxRef, id: string, force: boolean, op: Operation): Promise<void>;
  trashPurge(io: IoCtxRef, before: number, threshold: number, op: Operation): Promise<void>;

  // Images.
  imageStat(
    image: ImageRef,
    op: Operation,
  ): Promise<{
    size: number;
    objectSize: number;
    order: number;
    objectCount: number;
    blockNamePrefix: string;
  }>;
  imageSize(image: ImageRef, op: Operation): Promise<number>;
  imageFeatures(image: ImageRef, op: Operation): Promise<bigint>;
  imageOpFeatures(image: ImageRef, op: Operation): Promise<bigint>;
  imageFlags(image: ImageRef, op: Operation): Promise<bigint>;
  imageStripe(image: ImageRef, op: Operation): Promise<{ unit: number; count: number }>;
  imageIsOldFormat(image: ImageRef, op: Operation): Promise<boolean>;
  imageDataPoolId(image: ImageRef, op: Operation): Promise<number>;
  imageTimestamps(
    image: ImageRef,
    op: Operation,
  ): Promise<Record<"created" | "accessed" | "modified", number>>;
  updateFeatures(image: ImageRef, features: bigint, enabled: boolean, op: Operation): Promise<void>;
  imageParent(image: ImageRef, op: Operation): Promise<NativeParent | null>;
  listChildren: ListLinked;
  listDescendants: ListLinked;
  resize(image: ImageRef, size: number, allowShrink: boolean, op: Operation): Promise<void>;
  flatten(image: ImageRef, op: Operation): Promise<void>;
  sparsify(image: ImageRef, sparseSize: number, op: Operation): Promise<void>;
  rebuildObjectMap(image: ImageRef, op: Operation): Promise<void>;
  copy(
    image: ImageRef,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    sparseSize: number,
    op: Operation,
  ): Promise<void>;
  copyOnto(image: ImageRef, target: ImageRef, op: Operation): Promise<void>;
  deepCopy(image: ImageRef, io: IoCtxRef, name: string, o: NativeNewImage, op: Operation): Promise<void>;
  invalidateCache(image: ImageRef, op: Operation): Promise<void>;
  getMetadata(image: ImageRef, key: string, op: Operation): Promise<string>;
  setMetadata(image: ImageRef, key: string, value: string, op: Operation): Promise<void>;
  removeMetadata(image: ImageRef, key: string, op: Operation): Promise<void>;
  listMetadata(image: ImageRef, op: Operation): Promise<[string, string][]>;
  listWatchers(
    image: ImageRef,
    op: Operation,
  ): Promise<{ address: string; clientId: bigint; cookie: bigint }[]>;

  // Snapshots.
  listSnapshots(image: ImageRef, op: Operation): Promise<NativeSnapshot[]>;
  createSnapshot(image: ImageRef, name: string, flags: number, op: Operation): Promise<void>;
  removeSnapshot(image: ImageRef, name: string, flags: number, op: Operation): Promise<void>;
  removeSnapshotById(image: ImageRef, id: bigint, op: Operation): Promise<void>;
  protectSnapshot(image: ImageRef, name: string, op: Operation): Promise<void>;
  unprotectSnapshot(image: ImageRef, name: string, op: Operation): Promise<void>;
  isSnapshotProtected(image: ImageRef, name: string, op: Operation): Promise<boolean>;
  snapshotExists(image: ImageRef, name: string, op: Operation): Promise<boolean>;
  renameSnapshot(image: ImageRef, from: string, to: string, op: Operation): Promise<void>;
  rollback(image: ImageRef, name: string, op: Operation): Promise<void>;
  setSnapshot(image: ImageRef, snapshot: string | bigint | null, op: Operation): Promise<number>;
  snapshotId(image: ImageRef, name: string, op: Operation): Promise<bigint>;
  snapshotName(image: ImageRef, id: bigint, op: Operation): Promise<string>;
  getSnapshotLimit(image: ImageRef, op: Operation): Promise<bigint>;
  setSnapshotLimit(image: ImageRef, limit: bigint, op: Operation): Promise<void>;

  // Locks.
  listLockers(image: ImageRef, op: Operation): Promise<NativeLockers>;
  lockExclusive(image: ImageRef, cookie: string, op: Operation): Promise<void>;
  lockShared(image: ImageRef, cookie: string, tag: string, op: Operation): Promise<void>;
  unlock(image: ImageRef, cookie: string, op: Operation): Promise<void>;
  breakLock(image: ImageRef, client: string, cookie: string, op: Operation): Promise<void>;
  isExclusiveLockOwner(image: ImageRef, op: Operation): Promise<boolean>;
  acquireExclusiveLock(image: ImageRef, op: Operation): Promise<void>;
  releaseExclusiveLock(image: ImageRef, op: Operation): Promise<void>;
  exclusiveLockOwners(image: ImageRef, op: Operation): Promise<string[]>;
  breakExclusiveLock(image: ImageRef, owner: string, op: Operation): Promise<void>;

  // Data and diffs.
  read(image: ImageRef, offset: number, into: Uint8Array, flags: number): Promise<number>;
  readBlock(image: ImageRef, offset: number, length: number, flags: number): Promise<Buffer>;
  write(image: ImageRef, offset: number, data: Uint8Array, flags: number): Promise<void>;
  allocateWriteMemory(length: number): { memory: WriteMemoryRef; data: Buffer };
  releaseWriteMemory(memory: WriteMemoryRef): void;
  writeBlock(image: ImageRef, offset: number, memory: WriteMemoryRef, flags: number): Promise<void>;
  writeZeroes(image: ImageRef, offset: number, length: number, thick: number, flags: number): Promise<void>;
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
    op: OperationRef,
  ): { stream: DiffRef; ended: Promise<void> };
  nextDiffBatch(stream: DiffRef): Promise<Float64Array | null>;
  stopDiff(stream: DiffRef): void;

  // Ranges that are read without passing through JavaScript.
  scanZeroes: ThroughRange<Float64Array>;
  readSparse(
    image: ImageRef,
    offset: number,
    into: Uint8Array,
    grain: number,
    op: Operation,
  ): Promise<Float64Array>;
  compareImages(
    image: ImageRef,
    other: ImageRef,
    offset: number,
    length: number,
    grain: number,
    op: Operation,
  ): Promise<Float64Array>;
  digestBlocks: ThroughRange<Uint8Array>;

  // Configuration and encryption.
  poolConfiguration(io: IoCtxRef, op: Operation): Promise<NativeSetting[]>;
  imageConfiguration(image: ImageRef, op: Operation): Promise<NativeSetting[]>;
  poolStats(io: IoCtxRef, op: Operation): Promise<number[]>;
  formatEncryption: Encrypt;
  loadEncryption: Encrypt;
  loadEncryptionLayers(image: ImageRef, passphrases: readonly Uint8Array[], op: Operation): Promise<void>;

  // Groups.
  listGroups(io: IoCtxRef, op: Operation): Promise<string[]>;
  createGroup(io: IoCtxRef, name: string, op: Operation): Promise<void>;
  removeGroup(io: IoCtxRef, name: string, op: Operation): Promise<void>;
  renameGroup(io: IoCtxRef, from: string, to: string, op: Operation): Promise<void>;
  addGroupImage: ChangeMember;
  removeGroupImage: ChangeMember;
  removeGroupImageById: ChangeMember;
  listGroupImages(
    io: IoCtxRef,
    group: string,
    op: Operation,
  ): Promise<{ name: string; poolId: number; state: number }[]>;
  imageGroup(image: ImageRef, op: Operation): Promise<{ name: string; poolId: number } | null>;
  listGroupSnapshots(io: IoCtxRef, group: string, op: Operation): Promise<{ name: string; state: number }[]>;
  createGroupSnapshot(io: IoCtxRef, group: string, name: string, flags: number, op: Operation): Promise<void>;
  removeGroupSnapshot(io: IoCtxRef, group: string, name: string, op: Operation): Promise<void>;
  renameGroupSnapshot(io: IoCtxRef, group: string, from: string, to: string, op: Operation): Promise<void>;
  rollbackGroup(io: IoCtxRef, group: string, name: string, op: Operation): Promise<void>;
  snapshotGroup(
    image: ImageRef,
    id: bigint,
    op: Operation,
  ): Promise<{ poolId: number; group: string; snapshot: string }>;

  // Migrations.
  prepareMigration(
    io: IoCtxRef,
    image: string,
    targetIo: IoCtxRef,
    target: string,
    o: NativeNewImage,
    op: Operation,
  ): Promise<void>;
  prepareImport(json: string, io: IoCtxRef, name: string, o: NativeNewImage, op: Operation): Promise<void>;
  executeMigration(io: IoCtxRef, image: string, op: Operation): Promise<void>;
  abortMigration(io: IoCtxRef, image: string, op: Operation): Promise<void>;
  commitMigration(io: IoCtxRef, image: string, op: Operation): Promise<void>;
  migrationStatus(
    io: IoCtxRef,
    image: string,
    op: Operation,
  ): Promise<{ source: NativeMigrationEnd; target: NativeMigrationEnd; state: number; description: string }>;
  migrationSource(image: ImageRef, op: Operation): Promise<string>;

  // Mirroring.
  getMirrorMode(io: IoCtxRef, op: Operation): Promise<number>;
  setMirrorMode(io: IoCtxRef, mode: number, op: Operation): Promise<void>;
  mirrorUuid(io: IoCtxRef, op: Operation): Promise<string>;
  getMirrorSiteName(cluster: ClusterRef, op: Operation): Promise<string>;
  setMirrorSiteName(cluster: ClusterRef, name: string, op: Operation): Promise<void>;
  createMirrorBootstrap(io: IoCtxRef, op: Operation): Promise<string>;
  importMirrorBootstrap(io: IoCtxRef, direction: number, token: string, op: Operation): Promise<void>;
  mirrorStatusSummary(io: IoCtxRef, op: Operation): Promise<{ state: number; count: number }[]>;
  listMirrorPeers(io: IoCtxRef, op: Operation): Promise<NativeMirrorPeer[]>;
  addMirrorPeer(
    io: IoCtxRef,
    direction: number,
    siteName: string,
    clientName: string,
    op: Operation,
  ): Promise<string>;
  removeMirrorPeer(io: IoCtxRef, uuid: string, op: Operation): Promise<void>;
  setMirrorPeerSiteName(io: IoCtxRef, uuid: string, name: string, op: Operation): Promise<void>;
  setMirrorPeerClientName(io: IoCtxRef, uuid: string, name: string, op: Operation): Promise<void>;
  setMirrorPeerDirection(io: IoCtxRef, uuid: string, direction: number, op: Operation): Promise<void>;
  getMirrorPeerAttributes(
    io: IoCtxRef,
    uuid: string,
    op: Operation,
  ): Promise<{ keys: string[]; values: string[] }>;
  setMirrorPeerAttributes(
    io: IoCtxRef,
    uuid: string,
    keys: readonly string[],
    values: readonly string[],
    op: Operation,
  ): Promise<void>;
  enableMirroring(image: ImageRef, mode: number, op: Operation): Promise<void>;
  disableMirroring(image: ImageRef, force: boolean, op: Operation): Promise<void>;
  promote(image: ImageRef, force: boolean, op: Operation): Promise<void>;
  demote(image: ImageRef, op: Operation): Promise<void>;
  resync(image: ImageRef, op: Operation): Promise<void>;
  createMirrorSnapshot(image: ImageRef, flags: number, op: Operation): Promise<bigint>;
  mirrorInfo(image: ImageRef, op: Operation): Promise<NativeMirrorInfo>;
  mirrorStatus(image: ImageRef, op: Operation): Promise<NativeMirrorStatus>;
  mirrorInstanceId(image: ImageRef, op: Operation): Promise<string>;
  snapshotMirror(
    image: ImageRef,
    id: bigint,
    op: Operation,
  ): Promise<{
    state: number;
    peerUuids: string[];
    complete: boolean;
    primaryUuid: string;
    primarySnapshotId: bigint;
    lastCopiedObject: number;
  }>;
  listMirrorStatuses(io: IoCtxRef, op: Operation): Promise<[string, NativeMirrorStatus][]>;
  listMirrorInfos(io: IoCtxRef, mode: number, op: Operation): Promise<[string, NativeMirrorInfo][]>;
  listMirrorInstanceIds(io: IoCtxRef, op: Operation): Promise<[string, string][]>;

  // Watches.
  watchObject(
    io: IoCtxRef,
    object: string,
    timeoutSeconds: number,
    listener: (event: NativeNotification | { readonly errno: number }) => void,
    op: Operation,
  ): Promise<bigint>;
  unwatchObject(io: IoCtxRef, cookie: bigint, op: Operation): Promise<void>;
  acknowledge(
    io: IoCtxRef,
    object: string,
    notifyId: bigint,
    cookie: bigint,
    reply: Uint8Array,
    op: Operation,
  ): Promise<void>;
  notify(
    io: IoCtxRef,
    object: string,
    data: string | Uint8Array,
    timeoutMs: number,
    op: Operation,
  ): Promise<{ replies: NativeAck[]; missing: NativeAck[] }>;
  watchUpdates(image: ImageRef, listener: (event: number) => void, op: Operation): Promise<bigint>;
  watchQuiesce(image: ImageRef, listener: (event: number) => void, op: Operation): Promise<bigint>;
  unwatch(image: ImageRef, handle: bigint, quiesce: boolean, op: Operation): Promise<void>;
  quiesceComplete(image: ImageRef, handle: bigint, errno: number, op: Operation): Promise<void>;

  // RADOS objects.
  listObjects(
    io: IoCtxRef,
    cursor: CursorRef | undefined,
    limit: number,
    op: Operation,
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
    op: Operation,
  ): Promise<void>;
  unlockObject(io: IoCtxRef, object: string, name: string, cookie: string, op: Operation): Promise<void>;
  breakObjectLock(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    client: string,
    op: Operation,
  ): Promise<void>;
  listObjectLockers(io: IoCtxRef, object: string, name: string, op: Operation): Promise<NativeLockers>;
  readObject(io: IoCtxRef, object: string, steps: ObjectSteps, flags: number): Promise<unknown[]>;
  sparseReadObject(
    io: IoCtxRef,
    object: string,
    offset: number,
    length: number,
  ): Promise<{ data: Buffer; extents: Float64Array }>;
  writeObject(io: IoCtxRef, object: string, steps: ObjectSteps, flags: number): Promise<bigint>;

  // Copies.
  createCopy(operations: number, bytes: number): CopyRef;
  setCopyRates(copy: CopyRef, bytesPerSecond: number, operationsPerSecond: number): void;
  copyCounters(
    copy: CopyRef,
  ): Record<"bytesRead" | "bytesWritten" | "bytesZeroed" | "bytesSkipped" | "operations" | "depth", number>;
  copyExtents(
    copy: CopyRef,
    source: ImageRef,
    snapshotId: bigint,
    blockSize: number,
    target: ImageRef | undefined,
    extents: Float64Array,
    digests: boolean,
    op: Operation,
  ): Promise<{ blocks: Float64Array; digests: Uint8Array }>;
  /** Whether a copy wrote objects that the handle does not know of. */
  isWrittenPast(image: ImageRef): boolean;
}
