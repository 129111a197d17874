import type { StepRunner } from "../steps/step-runner.ts";
import type { DoomedImage } from "./doomed-image.ts";
import type { RetryOptions } from "./retry-while-busy.ts";

/**
 * - `trash`: all images are moved to the trash, which can be taken back; counts images.
 * - `remove`: they are removed for good, which cannot; counts objects of the image at hand.
 */
export type RemovalPhase = "trash" | "remove";

/** The steps of removing so many images. */
export function removalPhases(images: number): RemovalPhase[] {
  return images === 0 ? [] : ["trash", ...Array.from({ length: images }, (): RemovalPhase => "remove")];
}

/**
 * Removes images that were found removable. All of them are in the trash before the first one is destroyed, so that
 * one that is still in use keeps all. After a failure the ones not yet begun are put back; one that was begun stays in
 * the trash and is named in the error's `left`.
 */
export async function removeImages(
  images: readonly DoomedImage[],
  runner: StepRunner<RemovalPhase>,
  retry: RetryOptions,
): Promise<void> {
  if (images.length === 0) return;
  await runner.run("trash", async (advance) => {
    for (const [index, image] of images.entries()) {
      advance(index, images.length);
      retry.signal?.throwIfAborted();
      await image.moveToTrash(runner.undo, retry);
    }
    advance(images.length, images.length);
  });
  for (const image of images) {
    await runner.run("remove", (advance) => image.purge(retry, advance), "objects");
  }
}
