"use client";

import { Dialog } from "@base-ui/react/dialog";
import { Command } from "cmdk";
import { Search } from "lucide-react";
import { useState } from "react";
import { PaletteCommands } from "./palette-commands.tsx";
import { PaletteImages } from "./palette-images.tsx";

/** Search over everything: images on the server, pages and commands here. */
export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
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
