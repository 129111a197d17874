"use client";

import { Combobox as Base } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown, Search } from "lucide-react";
import type { ReactNode, Ref } from "react";
import { cn } from "#lib/cn.ts";
import { inputStyle } from "./form.tsx";
import { Kbd } from "./panel.tsx";

interface ComboboxProps<T> {
  /** Items that match `text`, already filtered. */
  items: readonly T[];
  /** The chosen item; null for none. */
  value: T | null;
  onValueChange: (item: T | null) => void;
  /** The text of the input. */
  text: string;
  onTextChange: (text: string) => void;
  keyOf: (item: T) => string;
  /** The text that stands for an item in the input. */
  textOf: (item: T) => string;
  /** Renders an item of the list. */
  children: (item: T) => ReactNode;
  /** Shown when no item matches. */
  empty: ReactNode;
  placeholder: string;
  /** `select` keeps the chosen item in the input; `search` is a search field that "/" focuses. */
  look: "select" | "search";
  inputRef?: Ref<HTMLInputElement>;
  className?: string;
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** A text input with a list of matching items below it. */
export function Combobox<T>({
  items,
  value,
  onValueChange,
  text,
  onTextChange,
  keyOf,
  textOf,
  children,
  empty,
  placeholder,
  look,
  inputRef,
  className,
  ...control
}: ComboboxProps<T>) {
  const isSearch = look === "search";
  return (
    <Base.Root<T>
      items={items}
      filter={null}
      value={value}
      onValueChange={onValueChange}
      itemToStringLabel={textOf}
      isItemEqualToValue={(a, b) => keyOf(a) === keyOf(b)}
      inputValue={text}
      onInputValueChange={onTextChange}
      autoHighlight
    >
      <div className={cn("relative", className)}>
        {isSearch && (
          <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        )}
        <Base.Input
          {...control}
          ref={inputRef}
          placeholder={placeholder}
          spellCheck={false}
          className={cn(inputStyle, isSearch ? "pr-7 pl-8" : "truncate pr-8 font-mono text-xs")}
        />
        {isSearch && text === "" && (
          <Kbd className="pointer-events-none absolute top-[7px] right-2 max-md:hidden">/</Kbd>
        )}
        {!isSearch && (
          <Base.Trigger
            aria-label="Show options"
            className="absolute inset-y-0 right-0 flex w-8 items-center justify-center rounded-md text-ink-3 hover:text-ink"
          >
            <ChevronsUpDown aria-hidden className="size-3.5" />
          </Base.Trigger>
        )}
      </div>
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={isSearch ? "end" : "center"} className="z-50 outline-hidden">
          <Base.Popup
            className={cn(
              "max-w-(--available-width) rounded-lg bg-popup shadow-popup outline-hidden",
              isSearch ? "w-96" : "w-(--anchor-width) min-w-72",
            )}
          >
            <Base.Empty>
              <p className="px-3 py-3 text-ink-3 empty:hidden">{empty}</p>
            </Base.Empty>
            <Base.List className="max-h-[min(20rem,var(--available-height))] overflow-y-auto p-1 outline-hidden data-empty:p-0">
              {(item: T) => (
                <Base.Item
                  key={keyOf(item)}
                  value={item}
                  className="flex cursor-default select-none items-center gap-2 rounded px-2 py-1.5 outline-hidden data-highlighted:bg-hover"
                >
                  {!isSearch && (
                    <span className="w-3.5 shrink-0">
                      <Base.ItemIndicator
                        render={<Check aria-hidden className="size-3.5 shrink-0 text-brand" />}
                      />
                    </span>
                  )}
                  {children(item)}
                </Base.Item>
              )}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
