"use client";

import {
  type ComponentType,
  createContext,
  lazy,
  type ReactNode,
  Suspense,
  useContext,
  useMemo,
  useState,
} from "react";
import { Dialog } from "#components/ui/dialog.tsx";

/** What a dialog needs: it renders `DialogContent`, and closes itself by `onClose`. */
interface DialogProps {
  onClose: () => void;
}

/** Shows a dialog in place of the one that is open, if any. */
export type OpenDialog = <Props extends DialogProps>(
  dialog: ComponentType<Props>,
  props: Omit<Props, "onClose">,
) => void;

const DialogHostContext = createContext<OpenDialog>(() => {});

/** Opens dialogs from anywhere in the console. */
export function useOpenDialog(): OpenDialog {
  return useContext(DialogHostContext);
}

/** Shows the dialogs of the console, one at a time. Their state begins anew each time they are opened. */
export function DialogHost({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [opened, setOpened] = useState({ count: 0, render: (): ReactNode => null });
  const openDialog = useMemo<OpenDialog>(
    () =>
      <Props extends DialogProps>(Opened: ComponentType<Props>, props: Omit<Props, "onClose">) => {
        const all = { ...props, onClose: () => setOpen(false) } as Props;
        const render = () => <Opened {...all} />;
        setOpened(({ count }) => ({ count: count + 1, render }));
        setOpen(true);
      },
    [],
  );
  return (
    <DialogHostContext value={openDialog}>
      {children}
      <Dialog open={open} onOpenChange={setOpen}>
        <Suspense key={opened.count}>{opened.render()}</Suspense>
      </Dialog>
    </DialogHostContext>
  );
}

/**
 * A dialog whose code is loaded when it is opened for the first time, so that no page waits for dialogs.
 *
 * ```ts
 * const CloneDialog = lazyDialog(async () => (await import("#features/clone/clone-dialog.tsx")).CloneDialog);
 * ```
 */
export function lazyDialog<Props extends DialogProps>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  return lazy(async () => ({ default: await load() })) as ComponentType<Props>;
}
