import { createContext, useContext } from "react";

export interface CloneDialogControl {
  /** Opens the dialog. `source` is `pool/[namespace/]image`, or with `@snapshot`; without it one is picked there. */
  openClone: (source?: string) => void;
}

export const CloneDialogContext = createContext<CloneDialogControl>({ openClone: () => {} });

export function useCloneDialog(): CloneDialogControl {
  return useContext(CloneDialogContext);
}
