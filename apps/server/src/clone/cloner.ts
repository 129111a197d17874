import { featureNames, formatImageSpec, parseImageSpec, planCloneWithinLimits } from "rbd-core";
import type { ClusterConnection } from "../cluster/cluster-connection.ts";
import type { BackgroundFlattens } from "../flatten/background-flattens.ts";
import type { CloneInput, ClonePlanView } from "../procedures/clone/clone.schema.ts";
import type { TaskHandler } from "../tasks/task-handler.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { CloneService } from "./clone-service.ts";

export interface ClonerOptions {
  connection: ClusterConnection;
  flattens: BackgroundFlattens;
  runner: TaskRunner;
  handler: TaskHandler<CloneInput>;
}

/** Plans clones, and hands them to the task runner. */
export class Cloner implements CloneService {
  readonly #options: ClonerOptions;

  constructor(options: ClonerOptions) {
    this.#options = options;
  }

  async plan(input: CloneInput, signal: AbortSignal | undefined): Promise<ClonePlanView> {
    const { source, target } = canonical(input);
    const plan = await this.#options.connection.use((cluster) =>
      planCloneWithinLimits(cluster, this.#options.flattens.get(), {
        source,
        target,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const { name, action, reason } = plan.snapshot;
    return {
      snapshot: { name, action, reason },
      protect: plan.protect,
      cloneFormat: plan.cloneFormat,
      features: featureNames(plan.features),
      objectSize: plan.objectSize,
      stripeUnit: plan.stripeUnit,
      stripeCount: plan.stripeCount,
      depth: plan.depth,
      size: plan.size,
      warnings: plan.warnings,
    };
  }

  async start(input: CloneInput, user: { id: string; username: string }): Promise<{ taskId: string }> {
    const { connection, runner, handler } = this.#options;
    await connection.whenOpen(); // refuse now what could not begin
    return { taskId: await runner.enqueue(handler, canonical(input), user) };
  }
}

/** A name that does not parse is refused here, before there is a task. Throws `INVALID_NAME`. */
function canonical({ source, target }: CloneInput): CloneInput {
  return { source: formatImageSpec(parseImageSpec(source)), target: formatImageSpec(parseImageSpec(target)) };
}
