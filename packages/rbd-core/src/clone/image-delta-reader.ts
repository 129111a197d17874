import type { Image, IoCtx } from "rbd-native";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { hasFastDiff, isTrusted } from "../object-map/is-trusted.ts";
import { readChangedRanges } from "./read-changed-ranges.ts";
import { lookIntoHistory, lookThroughImage, type SnapshotLook } from "./snapshot-look.ts";
import type { SourceFacts } from "./source-facts.ts";
import type { DeltaReader, Difference } from "./zero-delta.ts";

/** The search's view of an open image. The handle must be set to the current state, and be used for nothing else. */
export class ImageDeltaReader implements DeltaReader {
  readonly #ioCtx: IoCtx;
  readonly #image: Image;
  readonly #facts: SourceFacts;
  readonly #signal: AbortSignal | undefined;
  readonly #look: SnapshotLook;

  constructor(ioCtx: IoCtx, image: Image, facts: SourceFacts, signal: AbortSignal | undefined) {
    this.#ioCtx = ioCtx;
    this.#image = image;
    this.#facts = facts;
    this.#signal = signal;
    const { history, parent } = facts;
    this.#look = history === null ? lookThroughImage(image, parent) : lookIntoHistory(history);
  }

  /** Every snapshot from this one on has its own map, and one bad map spoils the comparison. */
  async hasObjectMaps(snapshot: SnapshotRow): Promise<boolean> {
    const { features, flags, snapshots } = this.#facts;
    if (!hasFastDiff(features) || !isTrusted(flags)) return false;
    for (const each of snapshots) {
      if (each.id >= snapshot.id && !isTrusted(await this.#look.flags(each))) return false;
    }
    return true;
  }

  /**
   * A clone that was flattened, or shrunk and grown again, no longer reads from its parent what its older
   * snapshots read there. Librbd copies such data up first, so that a diff shows it; this does not rely on every
   * client having done so.
   */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean> {
    return this.#look.hasSameParent(snapshot);
  }

  exact(snapshot: SnapshotRow, offset: number, length: number): AsyncIterable<readonly Difference[]> {
    return this.#diff(snapshot, offset, length, false);
  }

  async *coarse(snapshot: SnapshotRow): AsyncGenerator<readonly Difference[]> {
    const ranges = await readChangedRanges(this.#ioCtx, this.#facts, snapshot, this.#signal);
    if (ranges !== null) yield ranges;
    else yield* this.#diff(snapshot, 0, this.#facts.size, true);
  }

  async *#diff(
    snapshot: SnapshotRow,
    offset: number,
    length: number,
    wholeObject: boolean,
  ): AsyncGenerator<readonly Difference[]> {
    const options = { from: snapshot.name, offset, length, wholeObject, signal: this.#signal };
    for await (const batch of this.#image.diffIterate(options)) {
      yield Array.from({ length: batch.count }, (_, i) => ({
        offset: batch.offset(i),
        length: batch.length(i),
        exists: batch.exists(i),
      }));
    }
  }
}
