"use client";

import { Dialog } from "@base-ui/react/dialog";
import { Command } from "cmdk";
import { Search } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { Kbd } from "#components/ui/panel.tsx";
import { focusPageSearch, isTyping, useSingleKeys } from "#lib/keyboard.ts";
import { PaletteCommands, PaletteImages } from "./palette-results.tsx";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";

const OpenPalette = createContext<() => void>(() => {});

/** Opens the command palette. */
function useOpenPalette(): () => void {
  return useContext(OpenPalette);
}

/** The command palette, and the keyboard shortcuts that work on every page. */
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

/** A button in the shape of a search field that opens the command palette. */
export function SearchButton() {
  const open = useOpenPalette();
  return (
    <button
      type="button"
      onClick={open}
      aria-keyshortcuts="Control+K"
      className="flex h-8 items-center gap-2 rounded-md border border-transparent px-2 text-ink-3 transition-colors hover:border-ink-3 hover:text-ink-2 md:w-80 md:border-line-strong md:bg-sunken"
    >
      <Search aria-hidden className="size-4" />
      <span className="sr-only md:not-sr-only md:flex-1 md:text-left">Search images, pages, commands</span>
      <span aria-hidden className="hidden gap-0.5 md:flex">
        <Kbd>Ctrl</Kbd>
        <Kbd>K</Kbd>
      </span>
    </button>
  );
}

/** The command palette. It finds images on the server, and pages and commands in the dashboard. */
function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="fixed inset-x-3 top-[10vh] z-40 mx-auto max-w-xl overflow-hidden rounded-xl bg-popup shadow-popup outline-hidden transition-[opacity,scale] duration-100 data-ending-style:scale-98 data-starting-style:scale-98 data-ending-style:opacity-0 data-starting-style:opacity-0">
          <Dialog.Title className="sr-only">Search and commands</Dialog.Title>
          <PaletteBody onDone={() => onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteBody({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState("");
  const search = text.trim();
  return (
    <Command shouldFilter={false} label="Search and commands" loop>
      <div className="flex items-center gap-2.5 border-line border-b px-4">
        <Search aria-hidden className="size-4 shrink-0 text-ink-3" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Search images, pages, commands…"
          className="h-12 w-full bg-transparent text-base outline-hidden placeholder:text-ink-3"
        />
      </div>
      <Command.List className="max-h-[min(26rem,60vh)] overflow-y-auto scroll-py-1.5 p-1.5">
        {search !== "" && <PaletteImages search={search} onDone={onDone} />}
        <PaletteCommands search={search} onDone={onDone} />
      </Command.List>
    </Command>
  );
}
