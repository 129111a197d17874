import type { ProgressOptions } from "../../call-options.ts";
import { native } from "../../internal/binding.ts";
import { IoCtx } from "../../ioctx.ts";
import type { CopyOptions } from "../../new-image-options.ts";
import * as work from "../work.ts";
import { OpenedImageBase } from "./base.ts";
import { ImageRanges } from "./ranges.ts";

/** What works through all of it. */
export abstract class ImageWork extends ImageRanges {
  /** Wraps rbd_resize2. */
  resize(size: number, o?: work.ResizeOptions): Promise<void> {
    return work.resize(this.opened, size, o);
  }

  /** Copies what it shares with its parent and leaves it. Cancelled, it keeps its parent. Wraps rbd_flatten_with_progress. */
  flatten(o?: ProgressOptions): Promise<void> {
    return work.workThrough(this.opened, native.flatten, o);
  }

  /** Gives up the space of runs of zeroes of at least sparseSize bytes (a power of two from 4096). Wraps rbd_sparsify_with_progress. */
  sparsify(sparseSize: number, o?: ProgressOptions): Promise<void> {
    return work.sparsify(this.opened, sparseSize, o);
  }

  /** Wraps rbd_rebuild_object_map. */
  rebuildObjectMap(o?: ProgressOptions): Promise<void> {
    return work.workThrough(this.opened, native.rebuildObjectMap, o);
  }

  /** Copies where the handle stands to a new image, without snapshots. Cannot be cancelled. Wraps rbd_copy_with_progress4. */
  copy(to: IoCtx, name: string, o?: work.CopyImageOptions): Promise<void> {
    return work.copy(this.opened, IoCtx.placeOf(to), name, o);
  }

  /** Copies onto another open image, at least as large. Cannot be cancelled. Wraps rbd_copy_with_progress2. */
  copyOnto(target: OpenedImageBase, o?: ProgressOptions): Promise<void> {
    return work.copyOnto(this.opened, OpenedImageBase.openImageOf(target), o);
  }

  /** Copies to a new image with all snapshots. Cannot be cancelled. Wraps rbd_deep_copy_with_progress. */
  deepCopy(to: IoCtx, name: string, o?: CopyOptions & ProgressOptions): Promise<void> {
    return work.deepCopy(this.opened, IoCtx.placeOf(to), name, o);
  }
}
