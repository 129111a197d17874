/**
 * Where a template lives, as OpenStack's services tell each other: `rbd://fsid/pool/image/snap`, each part
 * percent-encoded. There is no place for a namespace in it.
 */
export interface RbdUrl {
  /** Which cluster: its fsid. */
  fsid: string;
  pool: string;
  image: string;
  snapshot: string;
}

export const rbdUrlScheme = "rbd://";
