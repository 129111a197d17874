"use client";

import { Search } from "lucide-react";
import { Kbd } from "#components/ui/kbd.tsx";
import { useOpenPalette } from "./palette-provider.tsx";

/** Looks like a search field, opens the search over everything. */
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
