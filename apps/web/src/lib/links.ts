import type { TaskObject } from "@coppice/server/router";
import { formatSpec } from "./spec.ts";

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

interface ImagesFilter {
  kind?: "clones" | "trash" | "problems";
  /** `pool` or `pool/namespace`. */
  pool?: string;
}

interface BackupsFilter {
  q?: string;
  state?: "problems" | "unverified";
  /** Id of a target. */
  target?: string;
}

/**
 * The addresses of the pages of a cluster. Each names the cluster, so that a link means the same thing to everyone. A
 * page is a static file, so everything else about it is in the query as well.
 */
export function linksOf(cluster: string) {
  return {
    overview: () => address("/", { cluster }),
    images: ({ kind, pool }: ImagesFilter = {}) => address("/images/", { cluster, kind, pool }),
    /** `ref` is the spec or the key of the image; see `imageRef`. */
    image: (ref: string, tab?: "snapshots" | "family" | "backups") =>
      address("/image/", { cluster, spec: ref, tab }),
    lineage: (ref?: string) => address("/lineage/", { cluster, focus: ref }),
    trash: () => address("/trash/", { cluster }),
    policies: () => address("/policies/", { cluster }),
    policy: (id: string, run?: string) => address("/policy/", { cluster, id, run }),
    /** Without an id, a new policy, which chooses `image` when it is given. */
    editPolicy: (id?: string, image?: string) => address("/policies/edit/", { cluster, id, image }),
    protection: (state?: string) => address("/policies/", { cluster, show: "images", state }),
    notifications: () => address("/policies/notifications/", { cluster }),
    backups: (filter: BackupsFilter = {}) => address("/backups/", { cluster, ...filter }),
    /** The history of an image's backups; `source` is the server's key of the source. */
    backupHistory: (source: string, point?: string) =>
      address("/backups/history/", { cluster, source, point }),
    backup: (target: string, id: string) => address("/backups/point/", { cluster, target, id }),
    backupTargets: () => address("/backups/targets/", { cluster }),
    tasks: () => address("/tasks/", { cluster }),
    settings: (tab?: string) => address("/settings/", { cluster, tab }),
    task: (id: string) => address("/task/", { cluster, id }),
  };
}

export type Links = ReturnType<typeof linksOf>;

/** The page of an object that a task takes part in. */
export function objectLink(object: TaskObject): string {
  const links = linksOf(object.cluster);
  if (object.kind === "cluster") return links.overview();
  if (object.kind === "pool") return links.images({ pool: object.pool });
  const { pool, namespace, image } = object;
  return links.image(
    formatSpec({ pool, namespace, image }),
    object.kind === "snapshot" ? "snapshots" : undefined,
  );
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
