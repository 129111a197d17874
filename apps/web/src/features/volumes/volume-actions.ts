import { Camera, CopyPlus, Download, FilePen, Layers2, type LucideIcon, Scaling, Trash2 } from "lucide-react";
import { lazyDialog, type OpenDialog } from "#features/actions/dialog-host.tsx";

// Each dialog's code is loaded when it is opened for the first time.
export const NewImageDialog = lazyDialog(async () => (await import("./new-image-dialog.tsx")).NewImageDialog);
const ResizeDialog = lazyDialog(async () => (await import("./resize-dialog.tsx")).ResizeDialog);
const RenameDialog = lazyDialog(async () => (await import("./target-dialogs.tsx")).RenameDialog);
const CopyDialog = lazyDialog(async () => (await import("./target-dialogs.tsx")).CopyDialog);
const CaptureDialog = lazyDialog(async () => (await import("./target-dialogs.tsx")).CaptureDialog);
const FlattenDialog = lazyDialog(async () => (await import("./confirm-dialogs.tsx")).FlattenDialog);
const RemoveTemplateDialog = lazyDialog(
  async () => (await import("./confirm-dialogs.tsx")).RemoveTemplateDialog,
);
const ExportDialog = lazyDialog(async () => (await import("./export-dialog.tsx")).ExportDialog);

/** What these actions need to know of the image or snapshot that they apply to. */
interface Target {
  /** `pool/[namespace/]image` */
  spec: string;
  state: "ok" | "unreadable";
  inTrash: boolean;
  operation: { purpose: string; state: "running" | "interrupted" } | null;
  /** How many images are above it; absent where that is not known. */
  depth?: number;
  snapshot?: { name: string; kind: string };
}

/** An action of the registry, which shows them all. */
interface VolumeAction {
  id: string;
  icon: LucideIcon;
  label: () => string;
  placement: "menu";
  changesCluster: true;
  forSnapshots?: true;
  applies?: (target: Target) => boolean;
  whyDisabled: (target: Target) => string | null;
  run: (target: Target, context: { openDialog: OpenDialog }) => void;
}

/** Why an image cannot be changed; null when it can. */
function whyNotChangeable({ state, inTrash, operation }: Target): string | null {
  if (inTrash) return "The image is in the trash. Restore it first.";
  if (state === "unreadable") return "The image could not be read.";
  if (operation?.state === "running") return "Another operation works on the image.";
  if (operation?.purpose === "make") return "The image is not complete. Finish or undo what makes it.";
  return null;
}

/** The same for a snapshot that is read. */
function whyNotReadable(target: Target): string | null {
  const { snapshot } = target;
  if (snapshot !== undefined && snapshot.kind !== "user") return "Only user snapshots can be used.";
  return whyNotChangeable(target);
}

/** What changes an image as a whole, or makes another one of it, in the order of the menus. */
export const VOLUME_ACTIONS: readonly VolumeAction[] = [
  {
    id: "resize",
    icon: Scaling,
    label: () => "Resize…",
    placement: "menu",
    changesCluster: true,
    whyDisabled: whyNotChangeable,
    run: ({ spec }, { openDialog }) => openDialog(ResizeDialog, { image: spec }),
  },
  {
    id: "rename",
    icon: FilePen,
    label: () => "Rename…",
    placement: "menu",
    changesCluster: true,
    whyDisabled: whyNotChangeable,
    run: ({ spec }, { openDialog }) => openDialog(RenameDialog, { source: spec }),
  },
  {
    id: "flatten",
    icon: Layers2,
    label: () => "Flatten…",
    placement: "menu",
    changesCluster: true,
    applies: ({ depth }) => depth === undefined || depth > 0,
    whyDisabled: whyNotChangeable,
    run: ({ spec }, { openDialog }) => openDialog(FlattenDialog, { image: spec }),
  },
  {
    id: "capture",
    icon: Camera,
    label: () => "Capture as template…",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    whyDisabled: whyNotReadable,
    run: ({ spec, snapshot }, { openDialog }) =>
      openDialog(CaptureDialog, { source: snapshot === undefined ? spec : `${spec}@${snapshot.name}` }),
  },
  {
    id: "copy",
    icon: CopyPlus,
    label: () => "Copy to…",
    placement: "menu",
    changesCluster: true,
    whyDisabled: whyNotChangeable,
    run: ({ spec }, { openDialog }) => openDialog(CopyDialog, { source: spec }),
  },
  {
    id: "export",
    icon: Download,
    label: () => "Export…",
    placement: "menu",
    // It changes nothing, but data leaves the cluster.
    changesCluster: true,
    forSnapshots: true,
    whyDisabled: whyNotReadable,
    run: ({ spec, snapshot }, { openDialog }) =>
      openDialog(ExportDialog, { image: spec, snapshot: snapshot?.name }),
  },
  {
    id: "remove-template",
    icon: Trash2,
    label: () => "Remove template…",
    placement: "menu",
    changesCluster: true,
    forSnapshots: true,
    // A template is known by its snapshot.
    applies: ({ snapshot }) => snapshot?.name === "snap",
    whyDisabled: whyNotReadable,
    run: ({ spec, snapshot }, { openDialog }) =>
      openDialog(RemoveTemplateDialog, { template: `${spec}@${snapshot?.name}` }),
  },
];
