"use client";

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { focusPageSearch } from "#features/shell/page-search.ts";
import { ShortcutsDialog } from "#features/shell/shortcuts-dialog.tsx";
import { useSingleKeys } from "#features/shell/use-single-keys.ts";
import { isTyping } from "./is-typing.ts";
import { Palette } from "./palette.tsx";

const OpenPalette = createContext<() => void>(() => {});

/** Opens the search over everything. */
export function useOpenPalette(): () => void {
  return useContext(OpenPalette);
}

/** The search over everything, and the keys that work on every page. */
export function PaletteProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [keysOpen, setKeysOpen] = useState(false);
  const [singleKeys] = useSingleKeys();

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setOpen(true);
        return;
      }
      if (singleKeys === "off" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      if (event.key === "/") {
        event.preventDefault();
        if (!focusPageSearch()) setOpen(true);
      } else if (event.key === "?") {
        event.preventDefault();
        setKeysOpen(true);
      }
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [singleKeys]);

  return (
    <OpenPalette value={useCallback(() => setOpen(true), [])}>
      {children}
      <Palette open={open} onOpenChange={setOpen} />
      <ShortcutsDialog open={keysOpen} onOpenChange={setKeysOpen} />
    </OpenPalette>
  );
}
