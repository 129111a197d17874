import { native } from "./internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read } from "./internal/call.ts";
import { checkName } from "./internal/check.ts";
import type { ChangeMember } from "./internal/native-types.ts";
import { type OpenPool, openPool, type PoolRef, specIn } from "./internal/open-pool.ts";

export interface GroupMember {
  readonly name: string;
  readonly poolId: number;
  /** "incomplete" while it is being added or removed. */
  readonly state: "attached" | "incomplete";
}

export interface GroupSnapshot {
  readonly name: string;
  /** "incomplete": it was not finished and cannot be used. */
  readonly state: "incomplete" | "complete";
}

export interface CreateGroupSnapshotOptions extends CallOptions {
  readonly skipQuiesce?: boolean | undefined;
  readonly ignoreQuiesceError?: boolean | undefined;
}

export interface GroupMemberOptions extends CallOptions {
  /** The pool of the image; the group's own without it. */
  readonly pool?: PoolRef | undefined;
}

/** A group of images that are snapshotted together. The object holds only its name and needs no closing. */
export class Group {
  readonly #pool: OpenPool;
  readonly name: string;

  /** Use {@link IoCtx.group}. */
  constructor(pool: OpenPool, name: string) {
    this.#pool = pool;
    this.name = name;
  }

  get #spec(): string {
    return specIn(this.#pool, this.name);
  }

  async #member(call: string, act: ChangeMember, image: string, o?: GroupMemberOptions): Promise<void> {
    checkName(call, this.#spec, "image", image);
    const from = o?.pool === undefined ? this.#pool : o.pool[openPool];
    await change(`${this.#spec}: ${specIn(from, image)}`, o, (operation) =>
      act(this.#pool.handle, this.name, from.handle, image, operation),
    );
  }

  /** Wraps rbd_group_create. */
  create(o?: CallOptions): Promise<void> {
    return change(this.#spec, o, (operation) => native.createGroup(this.#pool.handle, this.name, operation));
  }

  /** Removes the group and its snapshots; its images stay. Wraps rbd_group_remove. */
  remove(o?: CallOptions): Promise<void> {
    return change(this.#spec, o, (operation) => native.removeGroup(this.#pool.handle, this.name, operation));
  }

  /** Wraps rbd_group_rename. */
  async rename(to: string, o?: CallOptions): Promise<Group> {
    checkName("rbd_group_rename", this.#spec, "to", to);
    await change(this.#spec, o, (operation) =>
      native.renameGroup(this.#pool.handle, this.name, to, operation),
    );
    return new Group(this.#pool, to);
  }

  /** Adds an image of this pool or another one, of the same namespace. Wraps rbd_group_image_add. */
  addImage(image: string, o?: GroupMemberOptions): Promise<void> {
    return this.#member("rbd_group_image_add", native.addGroupImage, image, o);
  }

  /** By name, or by id for an image in the trash. Wraps rbd_group_image_remove and rbd_group_image_remove_by_id. */
  removeImage(image: string | { readonly id: string }, o?: GroupMemberOptions): Promise<void> {
    return typeof image === "string"
      ? this.#member("rbd_group_image_remove", native.removeGroupImage, image, o)
      : this.#member("rbd_group_image_remove_by_id", native.removeGroupImageById, image.id, o);
  }

  /** Wraps rbd_group_image_list. */
  async listImages(o?: CallOptions): Promise<GroupMember[]> {
    const members = await read(this.#spec, o, (operation) =>
      native.listGroupImages(this.#pool.handle, this.name, operation),
    );
    return members.map((member) => ({ ...member, state: member.state === 0 ? "attached" : "incomplete" }));
  }

  /** Wraps rbd_group_snap_list. */
  async listSnapshots(o?: CallOptions): Promise<GroupSnapshot[]> {
    const snapshots = await read(this.#spec, o, (operation) =>
      native.listGroupSnapshots(this.#pool.handle, this.name, operation),
    );
    return snapshots.map(({ name, state }) => ({ name, state: state === 1 ? "complete" : "incomplete" }));
  }

  /** Takes a snapshot of all its images at the same point in time. Wraps rbd_group_snap_create2. */
  async createSnapshot(name: string, o?: CreateGroupSnapshotOptions): Promise<void> {
    checkName("rbd_group_snap_create2", this.#spec, "name", name);
    const flags = (o?.skipQuiesce ? 1 : 0) | (o?.ignoreQuiesceError ? 2 : 0);
    await change(`${this.#spec}@${name}`, o, (operation) =>
      native.createGroupSnapshot(this.#pool.handle, this.name, name, flags, operation),
    );
  }

  /** Wraps rbd_group_snap_remove. */
  async removeSnapshot(name: string, o?: CallOptions): Promise<void> {
    checkName("rbd_group_snap_remove", this.#spec, "name", name);
    await change(`${this.#spec}@${name}`, o, (operation) =>
      native.removeGroupSnapshot(this.#pool.handle, this.name, name, operation),
    );
  }

  /** Wraps rbd_group_snap_rename. */
  async renameSnapshot(from: string, to: string, o?: CallOptions): Promise<void> {
    checkName("rbd_group_snap_rename", this.#spec, "from", from);
    checkName("rbd_group_snap_rename", this.#spec, "to", to);
    await change(`${this.#spec}@${from}`, o, (operation) =>
      native.renameGroupSnapshot(this.#pool.handle, this.name, from, to, operation),
    );
  }

  /** Rolls all its images back to a group snapshot. Wraps rbd_group_snap_rollback_with_progress. */
  async rollback(name: string, o?: ProgressOptions): Promise<void> {
    checkName("rbd_group_snap_rollback_with_progress", this.#spec, "name", name);
    await change(`${this.#spec}@${name}`, o, (operation) =>
      native.rollbackGroup(this.#pool.handle, this.name, name, operation),
    );
  }
}
