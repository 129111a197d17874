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
