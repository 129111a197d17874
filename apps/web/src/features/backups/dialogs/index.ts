import { lazyDialog } from "#features/actions/dialog-host.tsx";

// Each dialog's code is loaded when it is opened for the first time.
export const BackUpDialog = lazyDialog(async () => (await import("./back-up-dialog.tsx")).BackUpDialog);
export const RestoreDialog = lazyDialog(async () => (await import("./restore-dialog.tsx")).RestoreDialog);
export const VerifyDialog = lazyDialog(async () => (await import("./point-dialogs.tsx")).VerifyDialog);
export const DeleteBackupDialog = lazyDialog(
  async () => (await import("./point-dialogs.tsx")).DeleteBackupDialog,
);
export const PruneDialog = lazyDialog(async () => (await import("./prune-dialog.tsx")).PruneDialog);
export const AddTargetDialog = lazyDialog(async () => (await import("./target-dialogs.tsx")).AddTargetDialog);
export const RemoveTargetDialog = lazyDialog(
  async () => (await import("./target-dialogs.tsx")).RemoveTargetDialog,
);
