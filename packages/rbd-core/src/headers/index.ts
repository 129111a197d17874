export { ByteReader, DecodeError, decodeValue, encodeText, encodeU32, encodeU64 } from "./encoding.ts";
export {
  type ChildImage,
  decodeImageHeader,
  decodePackedHeader,
  type ImageHeader,
  reasonToAskLibrbd,
} from "./image-header.ts";
export { bytesOfObject, imageLayout, type ObjectLayout, objectCount } from "./object-layout.ts";
export {
  directoryObject,
  groupDirectoryObject,
  headerObject,
  imageIdObject,
  metadataKey,
  mirroringObject,
  objectMapObject,
  oldHeaderObject,
  trashObject,
} from "./object-names.ts";
export { readPackedOmap, readPackedOmapAndTime } from "./packed-omap.ts";
export {
  decodeDirectoryEntry,
  decodeMirrorImage,
  decodeTrashEntry,
  directoryIdKey,
  mirrorImageKey,
  readCloneV1Children,
  type TrashHeader,
} from "./pool-objects.ts";
export {
  ignoreNotFound,
  readContent,
  readHeader,
  readImageId,
  readOmap,
  readOmapOrNone,
  readOmapValue,
  readReservedId,
} from "./read-objects.ts";
export type { ParentHeader, SnapshotHeader } from "./snapshot-header.ts";
