import { rebuildObjectMap } from "rbd-core";
import type { ClusterConnection } from "../cluster/cluster-connection.ts";
import { type RebuildInput, rebuildInput } from "../procedures/object-map/rebuild.schema.ts";
import type { TaskHandler } from "../tasks/task-handler.ts";

/** Each looks at every object of an image, several at a time. */
const CONCURRENCY = 2;

export interface RebuildTaskOptions {
  connection: ClusterConnection;
  /** Called when maps can be trusted again. */
  onRebuilt(): void;
}

/** Rebuilding the object maps of an image as a task. */
export function rebuildTask({ connection, onRebuilt }: RebuildTaskOptions): TaskHandler<RebuildInput> {
  return {
    kind: "rebuild-object-map",
    input: rebuildInput,
    concurrency: CONCURRENCY,
    title: ({ image }) => `Rebuild the object map of ${image}`,
    object: ({ image }) => image,

    async run({ image }, task) {
      let current: string | null | undefined;
      const { rebuilt } = await connection.use((cluster) =>
        rebuildObjectMap(cluster, image, {
          signal: task.signal,
          onProgress({ point, maps, done, total }) {
            if (point !== current) {
              task.phase(`Map ${maps.done + 1} of ${maps.total}: ${nameOf(point)}`, "objects");
              current = point;
            }
            task.progress(done, total);
          },
        }),
      );
      onRebuilt();
      task.log(
        rebuilt.length === 0
          ? "All maps can be trusted: nothing was left to rebuild."
          : `Rebuilt the maps of ${rebuilt.map(nameOf).join(", ")}.`,
      );
      return { kind: "rebuild-object-map", target: image, rebuilt };
    },

    afterCrash: ({ image }) => ({
      message:
        `The server stopped while the object map of ${image} was being rebuilt. ` +
        "The image's data is not concerned; maps that were not finished are still marked as invalid.",
      hint: "Start it again: it goes on with the maps that are left.",
      object: image,
    }),
  };
}

function nameOf(point: string | null): string {
  return point === null ? "the image itself" : `snapshot ${point}`;
}
