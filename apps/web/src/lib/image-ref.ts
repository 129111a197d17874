/**
 * What names an image in a link. A name in trash may belong to another image by now, so there it is the key, which
 * also outlives a rename.
 */
export function imageRef({ key, spec, inTrash }: { key: string; spec: string; inTrash: boolean }): string {
  return inTrash ? key : spec;
}
