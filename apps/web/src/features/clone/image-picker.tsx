"use client";

import { Combobox } from "@base-ui/react/combobox";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Check, ChevronsUpDown } from "lucide-react";
import { useState } from "react";
import { inputStyle } from "#components/ui/form.tsx";
import { SpecText } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";

interface ImagePickerProps {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
  /** Spec, "" for none. */
  value: string;
  onValueChange: (spec: string) => void;
}

/** Finds an image by any part of its spec, on the server. Offers only what can be cloned: readable, not in trash. */
export function ImagePicker({ value, onValueChange, ...control }: ImagePickerProps) {
  const [text, setText] = useState(value);
  const search = text === value ? "" : text.trim();
  const found = useQuery(
    trpc.images.list.queryOptions({ search, limit: 50 }, { placeholderData: keepPreviousData }),
  );
  const specs = (found.data?.rows ?? [])
    .filter((row) => row.state === "ok" && !row.inTrash)
    .map((row) => row.spec);

  return (
    <Combobox.Root
      items={specs}
      filter={null}
      value={value === "" ? null : value}
      onValueChange={(spec) => onValueChange(spec ?? "")}
      inputValue={text}
      onInputValueChange={setText}
      autoHighlight
    >
      <div className="relative">
        <Combobox.Input
          {...control}
          placeholder="Search images…"
          spellCheck={false}
          className={cn(inputStyle, "truncate pr-8 font-mono text-xs")}
        />
        <Combobox.Trigger
          aria-label="Show images"
          className="absolute inset-y-0 right-0 flex w-8 items-center justify-center rounded-md text-ink-3 hover:text-ink"
        >
          <ChevronsUpDown aria-hidden className="size-3.5" />
        </Combobox.Trigger>
      </div>
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} className="z-50 outline-hidden">
          <Combobox.Popup className="w-(--anchor-width) min-w-72 max-w-(--available-width) rounded-lg bg-popup shadow-popup outline-hidden">
            <Combobox.Empty>
              <p className="px-3 py-3 text-ink-3 empty:hidden">
                {found.isError
                  ? toProblem(found.error).message
                  : found.isPending
                    ? "Searching…"
                    : "No image that could be cloned is called that."}
              </p>
            </Combobox.Empty>
            <Combobox.List className="max-h-[min(18rem,var(--available-height))] overflow-y-auto p-1 outline-hidden data-empty:p-0">
              {(spec: string) => (
                <Combobox.Item
                  key={spec}
                  value={spec}
                  className="grid cursor-default select-none grid-cols-[1rem_1fr] items-center gap-2 rounded px-2 py-1.5 outline-hidden data-highlighted:bg-hover"
                >
                  <Combobox.ItemIndicator
                    className="col-start-1"
                    render={<Check aria-hidden className="size-3.5 text-brand" />}
                  />
                  <SpecText spec={spec} className="col-start-2 text-xs" />
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}
