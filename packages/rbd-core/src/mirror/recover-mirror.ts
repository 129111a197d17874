import { showImageSpec } from "../names/index.ts";
import type { Recover, Recovery } from "../operation/index.ts";
import { removeEverything } from "./abort-mirror.ts";
import { MirrorRun } from "./mirror-run.ts";
import { finishConfirmation } from "./pivot-mirror.ts";

/**
 * Deals with a driver of a mirror that was interrupted. A mirror has a record of its own, which the next call goes on with, so a
 * removal is finished, and everything else is left as it stands: the newest complete set is whole whatever happened.
 */
export const recoverMirror: Recover = async (cluster, operation): Promise<Recovery> => {
  const run = await MirrorRun.of({ cluster, targetCluster: cluster }, operation, () => new Date());
  const object = showImageSpec(run.place);
  if (!run.exists) return { outcome: "undone", what: `nothing of a mirror ${object} is left` };
  await run.settle();
  const { state, fsid, complete } = run.record;
  switch (state) {
    case "starting":
      return {
        outcome: "left",
        what: `the mirror ${object} has no complete set yet: start it again, which goes on, or abort it`,
      };
    case "mirroring":
      return { outcome: "finished", what: `the mirror ${object} holds the set of ${complete?.takenAt}` };
    case "switching":
      return {
        outcome: "left",
        what: `it is not known whether the machine of the mirror ${object} was switched over: pivot again`,
      };
    case "pivoted":
      return { outcome: "finished", what: `the machine uses the mirror ${object}, and the sources are kept` };
    case "confirming":
    case "aborting": {
      if (fsid !== cluster.fsid) {
        const what = `the sources of the mirror ${object} are in another cluster: the same call goes on`;
        return { outcome: "left", what };
      }
      if (state === "confirming") {
        await finishConfirmation(run);
        return { outcome: "finished", what: `the mirror ${object} is an image like any other` };
      }
      await removeEverything(run);
      return { outcome: "undone", what: `the mirror ${object} is removed` };
    }
  }
};
