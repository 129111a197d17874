import type { RebuildInput } from "../procedures/object-map/rebuild.schema.ts";

/** Mends object maps. */
export interface ObjectMapService {
  /** Checks the name and queues the rebuild. */
  rebuild(input: RebuildInput, user: { id: string; username: string }): Promise<{ taskId: string }>;
}
