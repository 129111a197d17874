"use client";

import { Combobox } from "@base-ui/react/combobox";
import type { LineageNode } from "@coppice/server/router";
import { Search } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { inputStyle } from "#components/ui/form.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { SpecText } from "#components/values.tsx";
import { cn } from "#lib/cn.ts";
import { usePageSearch } from "#lib/keyboard.ts";
import { type ForestIndex, searchNodes } from "./model/forest-index.ts";

const SHOWN = 30;

/** Finds an image in the forest and goes there. */
export function FocusSearch({ index, onChoose }: { index: ForestIndex; onChoose: (key: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  usePageSearch(input);
  const [text, setText] = useState("");
  const search = useDeferredValue(text);
  const found = useMemo(() => searchNodes(index.nodes, search, SHOWN), [index, search]);

  return (
    <Combobox.Root<LineageNode>
      items={found}
      filter={null}
      value={null}
      itemToStringLabel={(node) => node.spec}
      inputValue={text}
      onInputValueChange={setText}
      onValueChange={(node) => {
        if (node === null) return;
        onChoose(node.key);
        setText("");
        input.current?.blur();
      }}
      autoHighlight
    >
      <div className="relative w-40 sm:w-56">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        <Combobox.Input
          ref={input}
          aria-label="Find an image in the forest"
          placeholder="Find an image…"
          spellCheck={false}
          className={cn(inputStyle, "pr-7 pl-8")}
        />
        {text === "" && <Kbd className="pointer-events-none absolute top-[7px] right-2 max-md:hidden">/</Kbd>}
      </div>
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} align="end" className="z-50 outline-hidden">
          <Combobox.Popup className="w-96 max-w-(--available-width) rounded-lg bg-popup shadow-popup outline-hidden">
            <Combobox.Empty>
              <p className="px-3 py-3 text-ink-3">
                {text.trim() === "" ? "Type any part of a name." : "No image is called that."}
              </p>
            </Combobox.Empty>
            <Combobox.List className="max-h-[min(20rem,var(--available-height))] overflow-y-auto p-1 outline-hidden data-empty:p-0">
              {(node: LineageNode) => (
                <Combobox.Item
                  key={node.key}
                  value={node}
                  className="flex cursor-default select-none items-center gap-2 rounded px-2 py-1.5 outline-hidden data-highlighted:bg-hover"
                >
                  <SpecText spec={node.spec} className="min-w-0 flex-1 text-xs" />
                  {node.inTrash && <span className="text-2xs text-ink-3">in trash</span>}
                  {node.depth > 0 && <span className="text-2xs text-ink-3">depth {node.depth}</span>}
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}
