/** Keeps the slashes of a spec readable in the address bar; they are legal in a query. */
function query(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/");
}

/** An image's page. `spec` is `pool/[namespace/]image`. */
export function imageLink(spec: string, tab?: "snapshots" | "family"): string {
  return `/image/?spec=${query(spec)}${tab === undefined ? "" : `&tab=${tab}`}`;
}

/** The forest with one image in focus. */
export function lineageLink(spec: string): string {
  return `/lineage/?focus=${query(spec)}`;
}

/** A task's page. */
export function taskLink(id: string): string {
  return `/task/?id=${query(id)}`;
}

/**
 * What names an image in a link. A name in trash may belong to another image by now, so there it is the key, which
 * also outlives a rename.
 */
export function imageRef({ key, spec, inTrash }: { key: string; spec: string; inTrash: boolean }): string {
  return inTrash ? key : spec;
}

/**
 * Where to go after signing in: `wanted` when it is a path of this dashboard, else the overview. Anything that a
 * browser could read as another host (`//host`, `/\host`, `https:…`) is refused.
 */
export function safeNextPath(wanted: string | null | undefined): string {
  if (wanted == null || !/^\/(?![/\\])/.test(wanted)) return "/";
  if (/[\\\s]/.test(wanted) || wanted.startsWith("/sign-in")) return "/";
  return wanted;
}
