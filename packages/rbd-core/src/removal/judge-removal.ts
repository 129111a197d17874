import { CoppiceError } from "../errors/coppice-error.ts";
import type { CoppiceErrorCode } from "../errors/error-code.ts";
import type { SnapshotKind, SnapshotRow } from "../inventory/inventory-row.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { RemovalFacts } from "./removal-facts.ts";
import { showClones, showHolders } from "./show-holders.ts";

/**
 * - `old-format`: it has format 1, which has no trash, so its removal could not be taken back.
 * - `group`: it belongs to a group. In the trash it would keep others from listing that, and could not be removed.
 * - `clones`: other images read from it.
 * - `snapshots`: it has snapshots that nobody said may go.
 * - `kept-snapshots`: snapshots that Ceph keeps for a group or for mirroring.
 * - `in-use`: a client has it open or holds its lock. It may be gone in a moment.
 */
export type RemovalBlockerKind =
  | "old-format"
  | "group"
  | "clones"
  | "snapshots"
  | "kept-snapshots"
  | "in-use";

export interface RemovalBlocker {
  kind: RemovalBlockerKind;
  /** One sentence without a full stop, that names everything it is about. */
  message: string;
}

/** Which snapshots go along with the image: none, these by name, or all the user's own. */
export type DoomedSnapshots = "none" | "all" | readonly string[];

export interface RemovalVerdict {
  /** Empty when the image can go. Those that last come before `in-use`. */
  blockers: RemovalBlocker[];
  /** The user's snapshots that go first, oldest first. */
  snapshots: SnapshotRow[];
}

/** Snapshots that librbd itself removes with the image, or that go with the last clone. */
const selfCleaning: readonly SnapshotKind[] = ["trash"];

/** Says what stands against removing an image, all of it at once. Pure. */
export function evaluateRemoval(facts: RemovalFacts, doomed: DoomedSnapshots): RemovalVerdict {
  const object = showImageSpec(facts.spec);
  const blockers: RemovalBlocker[] = [];
  const add = (kind: RemovalBlockerKind, message: string) => blockers.push({ kind, message });
  if (facts.id === "") add("old-format", `${object} has format 1, which has no trash`);
  if (facts.group !== null) add("group", `${object} belongs to the group ${facts.group}`);
  if (facts.clones.length > 0) {
    const count = facts.clones.length;
    add(
      "clones",
      `${count === 1 ? "1 clone reads" : `${count} clones read`} from ${object}: ${showClones(facts.clones)}`,
    );
  }
  const users = facts.snapshots.filter(({ kind }) => kind === "user");
  const refused = users.filter(
    ({ name }) => doomed !== "all" && (doomed === "none" || !doomed.includes(name)),
  );
  if (refused.length > 0) add("snapshots", `${object} has ${listed(refused)}`);
  const kept = facts.snapshots.filter(({ kind }) => kind !== "user" && !selfCleaning.includes(kind));
  if (kept.length > 0) add("kept-snapshots", `${object} has ${listed(kept)} of a group or of mirroring`);
  const holders = showHolders(facts);
  if (holders !== "") add("in-use", `${object} is in use: ${holders}`);
  return { blockers, snapshots: users.filter((snapshot) => !refused.includes(snapshot)) };
}

export interface BlockedRemoval {
  facts: Pick<RemovalFacts, "spec">;
  /** At least one. */
  blockers: readonly RemovalBlocker[];
}

/** The refusal that the blockers of one or several images amount to. It names all of them. */
export function removalRefusal(call: string, blocked: readonly BlockedRemoval[]): CoppiceError {
  const all = blocked.flatMap(({ blockers }) => blockers);
  const first = all[0]?.kind ?? "in-use";
  return new CoppiceError({
    code: codes[first],
    call,
    object: blocked.map(({ facts }) => showImageSpec(facts.spec)).join(", "),
    message: `nothing was removed: ${all.map(({ message }) => message).join("; ")}`,
    hint: hints[first],
  });
}

const codes: Readonly<Record<RemovalBlockerKind, CoppiceErrorCode>> = {
  "old-format": "UNSUPPORTED",
  group: "IN_GROUP",
  clones: "BUSY",
  snapshots: "NOT_EMPTY",
  "kept-snapshots": "NOT_EMPTY",
  "in-use": "BUSY",
};

const hints: Readonly<Record<RemovalBlockerKind, string>> = {
  "old-format": "Remove it at once, with `removeImage`.",
  group: "Take the image out of its group first.",
  clones: "Remove the clones or flatten them first.",
  snapshots: "Remove the snapshots first, or say that they may go too.",
  "kept-snapshots": "Take the image out of its group, or disable mirroring for it, first.",
  "in-use": "Stop the client first.",
};

function listed(snapshots: readonly SnapshotRow[]): string {
  const names = snapshots.map(({ name }) => `@${name}`).join(", ");
  return `${snapshots.length} snapshot${snapshots.length === 1 ? "" : "s"} (${names})`;
}
