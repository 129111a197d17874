/** Names of the RADOS objects that hold the metadata of images, each in the pool and namespace of the image. */
export const directoryObject = "rbd_directory";
export const trashObject = "rbd_trash";
export const cloneV1ChildrenObject = "rbd_children";
/** Lists the namespaces; exists in the default namespace only. */
export const namespaceObject = "rbd_namespace";
export const groupDirectoryObject = "rbd_group_directory";
export const mirroringObject = "rbd_mirroring";

/** Contains the id of the image of that name. An image in the trash has no such object. */
export function imageIdObject(name: string): string {
  return `rbd_id.${name}`;
}

/** The header of an image of format 1, and the proof that there is one. */
export function oldHeaderObject(name: string): string {
  return `${name}.rbd`;
}

export function headerObject(imageId: string): string {
  return `rbd_header.${imageId}`;
}

export function groupHeaderObject(groupId: string): string {
  return `rbd_group_header.${groupId}`;
}

/** The object map of HEAD, or of a snapshot. */
export function objectMapObject(imageId: string, snapshotId?: bigint): string {
  const head = `rbd_object_map.${imageId}`;
  return snapshotId === undefined ? head : `${head}.${snapshotKeyNumber(snapshotId)}`;
}

/** The key in an image's header for one value of the image's metadata (`rbd image-meta`). */
export function metadataKey(name: string): string {
  return `metadata_${name}`;
}

/** Snapshot ids in keys and object names have 16 hexadecimal digits. */
function snapshotKeyNumber(snapshotId: bigint): string {
  return snapshotId.toString(16).padStart(16, "0");
}
