import { showGroup } from "../headers/details/name-group.ts";
import { showImage } from "./blockers.ts";
import type { DeletionStep } from "./deletion-plan-types.ts";

/** A step in words: "flatten rbd/vm-2". */
export function showStep(step: DeletionStep): string {
  switch (step.do) {
    case "flatten":
      return `flatten ${showImage(step.child)}${step.inTrash ? " (in the trash)" : ""}`;
    case "leave-group":
      return `take it out of the group ${showGroup(step.group)}`;
    case "move-to-trash":
      return "move it to the trash";
    case "unprotect":
      return `unprotect the snapshot ${step.snapshot.name}`;
    case "remove-snapshot":
      return `remove the snapshot ${step.snapshot.name}`;
    case "remove-from-trash":
      return "remove it from the trash";
  }
}
