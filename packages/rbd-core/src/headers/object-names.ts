/** The objects that hold what is known about images, by their names in the image's pool and namespace. */
export const directoryObject = "rbd_directory";
export const trashObject = "rbd_trash";
export const cloneV1ChildrenObject = "rbd_children";
/** In the default namespace only. */
export const namespaceObject = "rbd_namespace";
export const groupDirectoryObject = "rbd_group_directory";
export const mirroringObject = "rbd_mirroring";

/** Holds nothing but the image's id. An image in the trash has none. */
export function imageIdObject(name: string): string {
  return `rbd_id.${name}`;
}

/** The header of an image of format 1. */
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

/** The key in an image's header under which one value of the image's own metadata stands, as it was set. */
export function metadataKey(name: string): string {
  return `metadata_${name}`;
}

/** How snapshot ids are written in keys and object names: 16 hexadecimal digits. */
function snapshotKeyNumber(snapshotId: bigint): string {
  return snapshotId.toString(16).padStart(16, "0");
}
