import type { CallOptions, ProgressOptions } from "../../call-options.ts";
import { native } from "../../internal/binding.ts";
import { read } from "../../internal/call.ts";
import * as facts from "../facts.ts";
import * as lineage from "../lineage.ts";
import * as work from "../work.ts";
import { OpenedImageBase } from "./base.ts";

/** What it is and where it comes from. */
export abstract class ImageFacts extends OpenedImageBase {
  /** Wraps rbd_stat and rbd_get_block_name_prefix. */
  stat(o?: CallOptions): Promise<facts.ImageStat> {
    return facts.stat(this.opened, o);
  }

  /** Bytes, at the snapshot that the handle stands at. Wraps rbd_get_size. */
  size(o?: CallOptions): Promise<number> {
    return facts.size(this.opened, o);
  }

  /** Bits of {@link imageFeatures}. Wraps rbd_get_features. */
  features(o?: CallOptions): Promise<bigint> {
    return read(this.opened.spec, o, (operation) => native.imageFeatures(this.opened.handle, operation));
  }

  /** What operations the image takes part in. Wraps rbd_get_op_features. */
  opFeatures(o?: CallOptions): Promise<bigint> {
    return read(this.opened.spec, o, (operation) => native.imageOpFeatures(this.opened.handle, operation));
  }

  /** Bits of {@link imageFlags}: whether object map and fast-diff can be trusted. Wraps rbd_get_flags. */
  flags(o?: CallOptions): Promise<bigint> {
    return read(this.opened.spec, o, (operation) => native.imageFlags(this.opened.handle, operation));
  }

  /** Wraps rbd_get_stripe_unit and rbd_get_stripe_count. */
  stripe(o?: CallOptions): Promise<facts.Stripe> {
    return read(this.opened.spec, o, (operation) => native.imageStripe(this.opened.handle, operation));
  }

  /** Wraps rbd_get_old_format. */
  isOldFormat(o?: CallOptions): Promise<boolean> {
    return read(this.opened.spec, o, (operation) => native.imageIsOldFormat(this.opened.handle, operation));
  }

  /** The pool of its data objects, the image's own without a data pool. Wraps rbd_get_data_pool_id. */
  dataPoolId(o?: CallOptions): Promise<number> {
    return read(this.opened.spec, o, (operation) => native.imageDataPoolId(this.opened.handle, operation));
  }

  /** Wraps rbd_get_create_timestamp, rbd_get_access_timestamp and rbd_get_modify_timestamp. */
  timestamps(o?: CallOptions): Promise<facts.ImageTimestamps> {
    return facts.timestamps(this.opened, o);
  }

  /** Switches features on or off; what can be switched is the cluster's to say. Wraps rbd_update_features. */
  updateFeatures(features: bigint, enabled: boolean, o?: ProgressOptions): Promise<void> {
    return work.updateFeatures(this.opened, features, enabled, o);
  }

  /** The snapshot that it was cloned from, null without one. Wraps rbd_get_parent and rbd_get_overlap. */
  parent(o?: CallOptions): Promise<lineage.ParentImage | null> {
    return lineage.parent(this.opened, o);
  }

  /** Clones of one snapshot (by name or id) or of all of them, in all pools that can be read. Wraps rbd_list_children3. */
  listChildren(snapshot?: string | bigint, o?: CallOptions): Promise<lineage.LinkedImage[]> {
    return lineage.listLinked(this.opened, "rbd_list_children3", native.listChildren, snapshot, o);
  }

  /** Clones and their clones. Wraps rbd_list_descendants. */
  listDescendants(snapshot?: string | bigint, o?: CallOptions): Promise<lineage.LinkedImage[]> {
    return lineage.listLinked(this.opened, "rbd_list_descendants", native.listDescendants, snapshot, o);
  }

  /** The group that it is in, null without one. Wraps rbd_get_group. */
  group(o?: CallOptions): Promise<{ name: string; poolId: number } | null> {
    return read(this.opened.spec, o, (operation) => native.imageGroup(this.opened.handle, operation));
  }

  /** The JSON that names what an image in migration comes from. Wraps rbd_get_migration_source_spec. */
  migrationSource(o?: CallOptions): Promise<string> {
    return read(this.opened.spec, o, (operation) => native.migrationSource(this.opened.handle, operation));
  }
}
