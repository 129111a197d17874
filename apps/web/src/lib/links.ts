/** What names an image in a link: a row of a list, a node of the lineage, an ancestor. */
export interface LinkedImage {
  /** The server's key of the image; it outlives a rename. */
  key: string;
  /** `pool/[namespace/]image`. */
  spec: string;
  inTrash: boolean;
}

/**
 * The image's name in an address, as `images.get` takes it. The name of an image in the trash may belong to another
 * image by now, so such an image is named by its key.
 */
export function imageRef({ key, spec, inTrash }: LinkedImage): string {
  return inTrash ? key : spec;
}

type Query = Readonly<Record<string, string | undefined>>;

function address(path: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    // Slashes are legal in a query, and a spec is readable with them.
    value === undefined ? [] : [`${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

/** The addresses of the dashboard's pages. */
export const links = {
  overview: () => address("/", {}),
  images: (filter: { kind?: "clones" | "trash" | "problems"; place?: string } = {}) =>
    address("/images/", { kind: filter.kind, place: filter.place }),
  image: (ref: string, tab?: "snapshots" | "family") => address("/image/", { spec: ref, tab }),
  lineage: (ref?: string) => address("/lineage/", { focus: ref }),
  tasks: () => address("/tasks/", {}),
  task: (id: string) => address("/task/", { id }),
};

export type Links = typeof links;

/**
 * Where to go after signing in: `wanted` when it is a path of this dashboard, else the overview. Anything that a
 * browser could read as another host (`//host`, `/\host`, `https:…`) is refused.
 */
export function safeNextPath(wanted: string | null | undefined): string {
  if (wanted == null || !/^\/(?![/\\])/.test(wanted)) return "/";
  if (/[\\\s]/.test(wanted) || wanted.startsWith("/sign-in")) return "/";
  return wanted;
}
