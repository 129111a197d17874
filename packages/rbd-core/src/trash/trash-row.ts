import type { TrashSource } from "../inventory/inventory-row.ts";

/** An image in the trash of a pool and namespace. */
export interface TrashRow {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  id: string;
  /** The name it had. Another image may have it by now. */
  name: string;
  /** `pool/[namespace/]name`, for showing. */
  spec: string;
  source: TrashSource;
  deletedAt: Date;
  /** Before this moment it is not removed without force. */
  deferredUntil: Date;
  /** Whether that moment has passed. */
  expired: boolean;
}
