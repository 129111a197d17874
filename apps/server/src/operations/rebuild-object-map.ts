import { CoppiceError, formatImageSpec, parseImageSpec, rebuildObjectMap } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { OperationServices } from "./operation-services.ts";

/** Each reads every object of an image, several at a time. */
const CONCURRENCY = 2;

const rebuildInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
});

/** What a finished rebuild of object maps repaired. */
const rebuildResult = z.object({
  kind: z.literal("rebuild-object-map"),
  /** Spec of the image. */
  target: z.string(),
  /** The snapshots whose maps were rebuilt, oldest first; `null` is the image itself. Empty: none needed it. */
  rebuilt: z.array(z.string().nullable()),
});

type RebuildInput = z.output<typeof rebuildInput>;
export type RebuildTaskResult = z.output<typeof rebuildResult>;

/** `objectMap` of the API. */
export function objectMapRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Queues the rebuild of those object maps of an image and its snapshots that are marked as invalid. */
    rebuild: operatorProcedure
      .input(rebuildInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.image;
        await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(rebuildTask, canonical(input), ctx.user) };
      }),
  });
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical({ cluster, image }: RebuildInput): RebuildInput {
  const spec = parseImageSpec(image);
  if (spec.snapshot === undefined) return { cluster, image: formatImageSpec(spec) };
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "rebuildObjectMap",
    object: image,
    message: `${JSON.stringify(image)} names a snapshot where an image is needed`,
    hint: "Write pool/[namespace/]image: the maps of its snapshots are rebuilt with it.",
  });
}

/** Rebuilding the object maps of an image as a task. */
export const rebuildTask: TaskKind<RebuildInput, RebuildTaskResult, OperationServices> = {
  kind: "rebuild-object-map",
  input: rebuildInput,
  result: rebuildResult,
  concurrency: () => CONCURRENCY,
  title: ({ image }) => `Rebuild the object map of ${image}`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: () => [],

  async run({ cluster: id, image }, task, { clusters, inventories }) {
    let current: string | null | undefined;
    const { rebuilt } = await clusters.get(id).use((cluster) =>
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
    inventories.get(id).renew();
    task.log(
      rebuilt.length === 0
        ? "No map is marked as invalid: nothing was left to rebuild."
        : `Rebuilt the maps of ${rebuilt.map(nameOf).join(", ")}.`,
    );
    return { kind: "rebuild-object-map", target: image, rebuilt };
  },

  afterCrash: ({ image }) => ({
    message:
      `The server stopped while the object map of ${image} was being rebuilt. ` +
      "The image's data is not affected; maps that were not finished are still marked as invalid.",
    hint: "Start it again: it continues with the maps that are left.",
    object: image,
  }),
};

function nameOf(point: string | null): string {
  return point === null ? "the image itself" : `snapshot ${point}`;
}
