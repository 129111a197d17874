// The functions of the compiled part, as the files in native/calls define them: a file here for each concept. Arguments
// are not checked there; a failed call rejects with a NativeFailure.

import type { ClusterBinding } from "./binding-types/cluster.ts";
import type { CopyBinding } from "./binding-types/copy.ts";
import type { DataBinding } from "./binding-types/data.ts";
import type { GroupBinding } from "./binding-types/groups.ts";
import type { ImageBinding } from "./binding-types/image.ts";
import type { LibraryBinding } from "./binding-types/library.ts";
import type { LockBinding } from "./binding-types/locks.ts";
import type { MigrationBinding } from "./binding-types/migrations.ts";
import type { MirrorBinding } from "./binding-types/mirror.ts";
import type { ObjectBinding } from "./binding-types/objects.ts";
import type { PoolBinding } from "./binding-types/pool.ts";
import type { RangeBinding } from "./binding-types/ranges.ts";
import type { SettingBinding } from "./binding-types/settings.ts";
import type { SnapshotBinding } from "./binding-types/snapshots.ts";
import type { WatchBinding } from "./binding-types/watches.ts";

export type * from "./binding-types/cluster.ts";
export type * from "./binding-types/copy.ts";
export type * from "./binding-types/data.ts";
export type * from "./binding-types/groups.ts";
export type * from "./binding-types/image.ts";
export type * from "./binding-types/library.ts";
export type * from "./binding-types/locks.ts";
export type * from "./binding-types/migrations.ts";
export type * from "./binding-types/mirror.ts";
export type * from "./binding-types/new-image.ts";
export type * from "./binding-types/objects.ts";
export type * from "./binding-types/pool.ts";
export type * from "./binding-types/ranges.ts";
export type * from "./binding-types/refs.ts";
export type * from "./binding-types/settings.ts";
export type * from "./binding-types/snapshots.ts";
export type * from "./binding-types/watches.ts";

export interface Binding
  extends LibraryBinding,
    ClusterBinding,
    PoolBinding,
    ImageBinding,
    SnapshotBinding,
    LockBinding,
    DataBinding,
    RangeBinding,
    ObjectBinding,
    GroupBinding,
    MigrationBinding,
    SettingBinding,
    MirrorBinding,
    WatchBinding,
    CopyBinding {}
