/** Where an image (or one of its snapshots) lives. Written `pool/[namespace/]image[@snap]`. */
export interface ImageSpec {
  pool: string;
  /** `""` is the pool's default namespace. */
  namespace: string;
  image: string;
  snapshot?: string;
}
