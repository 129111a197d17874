/**
 * `pool/namespace/id`: names an image for as long as it exists, through renames and the trash. An image without
 * an id (format 1, or unreadable) is keyed by its name.
 */
export function imageKey(pool: string, namespace: string, id: string | null, name: string): string {
  return `${pool}/${namespace}/${id === null || id === "" ? `name:${name}` : id}`;
}
