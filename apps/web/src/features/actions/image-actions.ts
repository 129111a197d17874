"use client";

import type { ImageListRow, SnapshotDetail } from "@coppice/server/router";
import {
  Archive,
  Camera,
  ClipboardCopy,
  Copy,
  type LucideIcon,
  Network,
  Pencil,
  ShieldCheck,
  ShieldOff,
  SquareArrowOutUpRight,
  Trash2,
  Undo2,
  Wrench,
} from "lucide-react";
import { usePathname, useRouter } from "next/navigation";
import { type KeyboardEvent, useEffect, useMemo } from "react";
import { toast } from "#components/ui/toast.tsx";
import { BackUpDialog } from "#features/backups/dialogs/index.ts";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { useProtection } from "#features/snapshots/protection.ts";
import { VOLUME_ACTIONS } from "#features/volumes/volume-actions.ts";
import { imageRef, type LinkedImage, type Links } from "#lib/links.ts";
import { lazyDialog, type OpenDialog, useOpenDialog } from "./dialog-host.tsx";

/** The image, or one of its snapshots, that an action applies to. */
export interface ActionTarget extends LinkedImage {
  state: "ok" | "unreadable";
  operation: ImageListRow["operation"];
  /** How many images are above it; absent where that is not known. */
  depth?: number;
  snapshot?: Pick<SnapshotDetail, "id" | "name" | "kind" | "protected">;
}

/** What an action may need to run. */
interface ActionContext {
  links: Links;
  openDialog: OpenDialog;
  /** Protects a snapshot from removal, or unprotects it. */
  setProtection: (image: string, snapshot: string, isProtected: boolean) => void;
}

// Each dialog's code is loaded when it is opened for the first time.
export const CloneDialog = lazyDialog(
  async () => (await import("#features/clone/clone-dialog.tsx")).CloneDialog,
);
export const ReconcileDialog = lazyDialog(
  async () => (await import("./reconcile-dialog.tsx")).ReconcileDialog,
);
const CreateSnapshotDialog = lazyDialog(
  async () => (await import("#features/snapshots/create-snapshot-dialog.tsx")).CreateSnapshotDialog,
);
const RenameSnapshotDialog = lazyDialog(
  async () => (await import("#features/snapshots/rename-snapshot-dialog.tsx")).RenameSnapshotDialog,
);
const RollbackDialog = lazyDialog(
  async () => (await import("#features/snapshots/rollback-dialog.tsx")).RollbackDialog,
);
export const DeletionDialog = lazyDialog(
  async () => (await import("#features/deletion/deletion-dialog.tsx")).DeletionDialog,
);
const MoveToTrashDialog = lazyDialog(
  async () => (await import("#features/trash/move-to-trash-dialog.tsx")).MoveToTrashDialog,
);
export const RestoreDialog = lazyDialog(
  async () => (await import("#features/trash/restore-dialog.tsx")).RestoreDialog,
);

interface ImageActionBase {
  id: string;
  icon: LucideIcon;
  label: (target: ActionTarget) => string;
  /** The accessible name where the label alone does not say what the action applies to. */
  name?: (target: ActionTarget) => string;
  /** `button` is in view wherever there is room, `primary` is the most prominent button, `menu` is in menus only. */
  placement: "primary" | "button" | "menu";
  /** Runs the action while a row or a card of the image has the keyboard focus; a `KeyboardEvent.key`. */
  key?: string;
  /** What the list of keyboard shortcuts says about `key`. */
  keyHelp?: string;
  /** Whether the action changes the cluster. Such actions are offered to operators and administrators only. */
  changesCluster?: true;
  /** Whether the action applies to snapshots as well. */
  forSnapshots?: true;
  /** Whether the action is offered for the target at all. */
  applies?: (target: ActionTarget) => boolean;
  /** Why the action cannot be applied to the target, in a sentence that says what to do; null when it can. */
  whyDisabled?: (target: ActionTarget) => string | null;
}

/** An action is either a link to another page or a function. */
type ImageAction = ImageActionBase &
  (
    | { href: (target: ActionTarget, links: Links) => string }
    | { run: (target: ActionTarget, context: ActionContext) => void }
  );

/**
 * Every action on an image or a snapshot, in the order of the menus. The menus of the rows, the image page, the
 * inspector of the canvas, the command palette and the keyboard all read this list, so that a new action is added here
 * and nowhere else.
 */
export const IMAGE_ACTIONS: readonly ImageAction[] = [
  {
    id: "open",
    icon: SquareArrowOutUpRight,
    label: () => "Open",
    placement: "button",
    key: "Enter",
    keyHelp: "Open the image",
    href: (target, links) => links.image(imageRef(target)),
  },
  {
    id: "reconcile",
    icon: Wrench,
    label: () => "Finish or undo…",
    placement: "button",
    changesCluster: true,
    applies: ({ operation }) => operation?.state === "interrupted",
    run: ({ spec, operation }, { openDialog }) =>
      openDialog(ReconcileDialog, { work: { image: spec, operation } }),
  },
  {
    id: "clone",
    icon: Copy,
    label: ({ snapshot }) => (snapshot === undefined ? "Clone…" : "Clone"),
    name: ({ snapshot }) => (snapshot === undefined ? "Clone…" : `Clone from snapshot ${snapshot.name}`),
    placement: "primary",
    key: "c",
    keyHelp: "Clone the image",
    changesCluster: true,
    forSnapshots: true,
    whyDisabled: whyNotClonable,
    run: (target, { openDialog }) => openDialog(CloneDialog, { source: specOf(target) }),
  },
  ...VOLUME_ACTIONS,
  {
    id: "create-snapshot",
    icon: Camera,
    label: () => "Create snapshot…",
    placement: "menu",
    changesCluster: true,
    whyDisabled: whyNotChangeable,
    run: ({ spec }, { openDialog }) => openDialog(CreateSnapshotDialog, { image: spec }),
  },
  {
    id: "rollback",
    icon: Undo2,
    label: () => "Roll back…",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    applies: isSnapshot,
    whyDisabled: whyNotChangeable,
    run: ({ key, spec, snapshot }, { openDialog }) =>
      snapshot && openDialog(RollbackDialog, { imageKey: key, image: spec, snapshot }),
  },
  {
    id: "rename-snapshot",
    icon: Pencil,
    label: () => "Rename…",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    applies: isSnapshot,
    whyDisabled: whyNotChangeable,
    run: ({ spec, snapshot }, { openDialog }) =>
      snapshot && openDialog(RenameSnapshotDialog, { image: spec, snapshot: snapshot.name }),
  },
  {
    id: "protect",
    icon: ShieldCheck,
    label: () => "Protect",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    applies: ({ snapshot }) => snapshot?.protected === false,
    whyDisabled: whyNotChangeable,
    run: ({ spec, snapshot }, { setProtection }) => snapshot && setProtection(spec, snapshot.name, true),
  },
  {
    id: "unprotect",
    icon: ShieldOff,
    label: () => "Unprotect",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    applies: ({ snapshot }) => snapshot?.protected === true,
    whyDisabled: whyNotChangeable,
    run: ({ spec, snapshot }, { setProtection }) => snapshot && setProtection(spec, snapshot.name, false),
  },
  {
    id: "back-up",
    icon: Archive,
    label: () => "Back up…",
    placement: "menu",
    key: "b",
    keyHelp: "Back up the image",
    changesCluster: true,
    whyDisabled: whyNotBackedUp,
    run: ({ spec }, { openDialog }) => openDialog(BackUpDialog, { image: spec }),
  },
  {
    id: "lineage",
    icon: Network,
    label: () => "Show in lineage",
    placement: "button",
    href: (target, links) => links.lineage(imageRef(target)),
  },
  {
    id: "copy-name",
    icon: ClipboardCopy,
    label: () => "Copy name",
    placement: "menu",
    forSnapshots: true,
    run: (target) => copyText(specOf(target)),
  },
  {
    id: "restore",
    icon: Undo2,
    label: () => "Restore…",
    placement: "menu",
    changesCluster: true,
    applies: ({ inTrash, snapshot }) => inTrash && snapshot === undefined,
    run: ({ key, spec }, { openDialog }) => openDialog(RestoreDialog, { imageKey: key, spec }),
  },
  {
    id: "move-to-trash",
    icon: Trash2,
    label: () => "Move to trash…",
    placement: "menu",
    changesCluster: true,
    applies: ({ inTrash }) => !inTrash,
    run: ({ spec }, { openDialog }) => openDialog(MoveToTrashDialog, { image: spec }),
  },
  {
    id: "delete",
    icon: Trash2,
    label: ({ snapshot, inTrash }) => {
      if (snapshot !== undefined) return "Remove snapshot…";
      return inTrash ? "Delete for good…" : "Delete image…";
    },
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    run: ({ key, spec, inTrash, snapshot }, { openDialog }) =>
      openDialog(DeletionDialog, { image: inTrash ? key : spec, spec, snapshot: snapshot?.name ?? null }),
  },
];

function isSnapshot({ snapshot }: ActionTarget): boolean {
  return snapshot !== undefined;
}

/** Why an image or a snapshot of it cannot be changed. */
function whyNotChangeable({ state, inTrash, operation, snapshot }: ActionTarget): string | null {
  if (inTrash) return "The image is in the trash. Restore it first.";
  if (state === "unreadable") return "The image could not be read.";
  if (operation?.purpose === "make") return "The image is not complete.";
  if (snapshot !== undefined && snapshot.kind !== "user") return "Only user snapshots can be changed.";
  return null;
}

function whyNotClonable({ state, inTrash, operation, snapshot }: ActionTarget): string | null {
  if (inTrash) return "The image is in the trash. Restore it to clone it.";
  if (state === "unreadable") return "The image could not be read, so it cannot be cloned.";
  if (operation?.purpose === "make") {
    return operation.state === "running"
      ? "The image is still being made."
      : "The image is not complete. Finish or undo what makes it.";
  }
  if (snapshot !== undefined && snapshot.kind !== "user") return "Only user snapshots can be cloned.";
  return null;
}

function whyNotBackedUp({ state, inTrash, operation }: ActionTarget): string | null {
  if (inTrash) return "The image is in the trash. Restore it to back it up.";
  if (state === "unreadable") return "The image could not be read, so it cannot be backed up.";
  if (operation?.purpose === "make") return "The image is not complete.";
  return null;
}

function specOf({ spec, snapshot }: ActionTarget): string {
  return snapshot === undefined ? spec : `${spec}@${snapshot.name}`;
}

function copyText(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => toast("Copied", { tone: "good", description: text }),
    () => toast("The browser did not allow copying", { tone: "bad", description: text }),
  );
}

/** An action as it is offered for one target. */
export interface OfferedAction {
  id: string;
  icon: LucideIcon;
  label: string;
  name: string;
  placement: ImageActionBase["placement"];
  /** Set when the action is a link. */
  href: string | undefined;
  run: () => void;
  /** Why the action cannot be used; null when it can. */
  disabledReason: string | null;
}

interface OfferOptions extends ActionContext {
  /** Whether the role of the user allows changes. */
  mayOperate: boolean;
  /** The path of the page in view. */
  path: string;
  goTo: (href: string) => void;
}

/**
 * The actions to offer for a target. Actions that the role of the user does not allow, and links to the page in view,
 * are left out. Actions that the state of the image does not allow are included with the reason.
 */
export function offerActions(
  target: ActionTarget,
  { mayOperate, path, goTo, ...context }: OfferOptions,
): OfferedAction[] {
  return IMAGE_ACTIONS.filter(
    (action) =>
      (mayOperate || action.changesCluster !== true) &&
      (action.applies?.(target) ?? true) &&
      (target.snapshot === undefined || action.forSnapshots === true),
  )
    .map((action) => {
      const href = "href" in action ? action.href(target, context.links) : undefined;
      const label = action.label(target);
      return {
        id: action.id,
        icon: action.icon,
        label,
        name: action.name?.(target) ?? label,
        placement: action.placement,
        href,
        run: () => {
          if ("run" in action) action.run(target, context);
          else if (href !== undefined) goTo(href);
        },
        disabledReason: action.whyDisabled?.(target) ?? null,
      };
    })
    .filter(({ href }) => href?.split("?")[0] !== path);
}

/** The actions for any image, and the keys that run them. */
export function useImageActions() {
  const router = useRouter();
  const path = usePathname();
  const links = useLinks();
  const openDialog = useOpenDialog();
  const setProtection = useProtection();
  const mayOperate = useMayOperate();

  return useMemo(() => {
    const actionsFor = (target: ActionTarget): OfferedAction[] =>
      offerActions(target, {
        links,
        openDialog,
        setProtection,
        mayOperate,
        path,
        goTo: (href) => router.push(href),
      });

    /** Runs the action that the key stands for. Returns whether there is one that can be used. */
    const runByKey = (event: KeyboardEvent, target: ActionTarget): boolean => {
      const id = IMAGE_ACTIONS.find(({ key }) => key?.toLowerCase() === event.key.toLowerCase())?.id;
      const action = actionsFor(target).find((offered) => offered.id === id);
      if (action === undefined || action.disabledReason !== null) return false;
      action.run();
      return true;
    };
    return { actionsFor, runByKey };
  }, [router, path, links, openDialog, setProtection, mayOperate]);
}

let pageTarget: ActionTarget | undefined;

/** Makes `target` the image that this page is about: the command palette offers its actions. */
export function usePageTarget(target: ActionTarget | undefined): void {
  useEffect(() => {
    pageTarget = target;
    return () => {
      if (pageTarget === target) pageTarget = undefined;
    };
  }, [target]);
}

/** The image that the page in view is about, if any. */
export function currentPageTarget(): ActionTarget | undefined {
  return pageTarget;
}
