import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImage } from "./blockers.ts";
import type { ImageRef } from "./deletion-facts.ts";
import type { DeletionStep } from "./deletion-plan-types.ts";
import { showStep } from "./show-step.ts";

export interface StepOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Does one step of a deletion, to the image with exactly this id.
 *
 * @throws {CoppiceError}
 */
export async function executeDeletionStep(
  cluster: Cluster,
  image: ImageRef,
  step: DeletionStep,
  options: StepOptions,
): Promise<void> {
  const object = showImage(step.do === "flatten" ? step.child : image);
  const place = { object, what: `could not ${showStep(step)}` };
  await withCoppiceErrors(place, async () => {
    const ioCtx = await cluster.pool(image.pool, image.namespace);
    switch (step.do) {
      case "flatten": {
        const { pool, namespace, id } = step.child;
        const childPool = await cluster.pool(pool, namespace);
        return withImage(childPool, id, (child) => child.flatten(progressOptions(options)));
      }
      case "leave-group":
        return ioCtx.group(step.group.name).removeImage({ id: image.id });
      case "move-to-trash":
        return ioCtx.trashMove(image.name);
      case "unprotect":
        return withImage(ioCtx, image.id, (opened) => opened.unprotectSnapshot(step.snapshot.name));
      case "remove-snapshot":
        return withImage(ioCtx, image.id, (opened) => opened.removeSnapshot(step.snapshot.id));
      case "remove-from-trash":
        return ioCtx.trashRemove(image.id, progressOptions(options));
    }
  });
}

async function withImage(ioCtx: IoCtx, id: string, action: (image: Image) => Promise<void>): Promise<void> {
  await using image = await ioCtx.openImage({ id });
  await action(image);
}

function progressOptions({ signal, onProgress }: StepOptions) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}
