import { CoppiceError, formatImageSpec, parseImageSpec } from "rbd-core";
import type { ClusterConnection } from "../cluster/cluster-connection.ts";
import type { RebuildInput } from "../procedures/object-map/rebuild.schema.ts";
import type { TaskHandler } from "../tasks/task-handler.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { ObjectMapService } from "./object-map-service.ts";

export interface ObjectMapRebuilderOptions {
  connection: ClusterConnection;
  runner: TaskRunner;
  handler: TaskHandler<RebuildInput>;
}

/** Hands rebuilds of object maps to the task runner. */
export class ObjectMapRebuilder implements ObjectMapService {
  readonly #options: ObjectMapRebuilderOptions;

  constructor(options: ObjectMapRebuilderOptions) {
    this.#options = options;
  }

  async rebuild(input: RebuildInput, user: { id: string; username: string }): Promise<{ taskId: string }> {
    const { connection, runner, handler } = this.#options;
    await connection.whenOpen(); // refuse now what could not begin
    return { taskId: await runner.enqueue(handler, canonical(input), user) };
  }
}

/** A name that does not parse is refused here, before there is a task. Throws `INVALID_NAME`. */
function canonical({ image }: RebuildInput): RebuildInput {
  const spec = parseImageSpec(image);
  if (spec.snapshot === undefined) return { image: formatImageSpec(spec) };
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "rebuildObjectMap",
    object: image,
    message: `${JSON.stringify(image)} names a snapshot where an image is needed`,
    hint: "Write pool/[namespace/]image: the maps of its snapshots are rebuilt with it.",
  });
}
