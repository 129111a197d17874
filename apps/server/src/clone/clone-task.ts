import { cloneWithinLimits, type LimitedClonePhase } from "rbd-core";
import type { ClusterConnection } from "../cluster/cluster-connection.ts";
import type { BackgroundFlattens } from "../flatten/background-flattens.ts";
import { type CloneInput, cloneInput } from "../procedures/clone/clone.schema.ts";
import type { TaskHandler } from "../tasks/task-handler.ts";

const PHASES: Record<LimitedClonePhase, string> = {
  "flatten-source": "Flattening the source, which lies too deep",
  check: "Checking names and source",
  search: "Looking for a snapshot without changes since",
  snapshot: "Making the snapshot ready",
  clone: "Creating the clone",
  flatten: "Copying what it shares with its parent",
  release: "Releasing the snapshot",
  grow: "Enlarging the clone",
  undo: "Undoing",
};

export interface CloneTaskOptions {
  connection: ClusterConnection;
  flattens: BackgroundFlattens;
  concurrency: number;
  /** Called when there is a new image. */
  onCloned(): void;
}

/** Cloning as a task. */
export function cloneTask(options: CloneTaskOptions): TaskHandler<CloneInput> {
  const { connection, flattens, concurrency, onCloned } = options;
  return {
    kind: "clone",
    input: cloneInput,
    concurrency,
    title: ({ source, target }) => `Clone ${source} to ${target}`,
    object: ({ target }) => target,

    async run({ source, target }, task) {
      let current: LimitedClonePhase | null = null;
      const result = await connection.use((cluster) =>
        cloneWithinLimits(cluster, flattens.get(), {
          source,
          target,
          signal: task.signal,
          onProgress({ phase, done, total, unit }) {
            if (phase !== current) task.phase(PHASES[phase], unit);
            if (phase === "undo" && current !== "undo") task.log("Stopped: undoing what was made.");
            current = phase;
            task.progress(done, total === 0 ? null : total);
          },
        }),
      );
      onCloned();
      const { name, reason } = result.snapshot;
      task.log(`${result.reused ? "Reused" : "Created"} the snapshot ${name}: ${reason}.`);
      const { action, reason: depth } = result.sourceDepth;
      if (action === "flatten-first") task.log(`Flattened the source first: ${depth}.`);
      if (action === "flatten-later") task.log(`The source is being flattened in the background: ${depth}.`);
      for (const warning of result.warnings) task.log(warning);
      return {
        kind: "clone",
        target,
        source,
        snapshot: { name, action: result.reused ? "reuse" : "create", reason },
        protected: result.created.protection,
        cloneFormat: result.cloneFormat,
        depth: result.depth,
      };
    },

    afterCrash: ({ source, target }) => ({
      message:
        `The server stopped while ${source} was being cloned. ` +
        `Whether ${target} was made is not known; a snapshot may have been made for it.`,
      hint: `Look whether ${target} is there. If not, start the clone again: it reuses such a snapshot.`,
      object: target,
    }),
  };
}
