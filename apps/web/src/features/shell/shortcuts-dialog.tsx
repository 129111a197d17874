"use client";

import { Switch } from "@base-ui/react/switch";
import { useId } from "react";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { IMAGE_ACTIONS } from "#features/actions/image-actions.ts";
import { useSingleKeys } from "../../lib/keyboard.ts";

/** The keys of the actions on images, as the registry of actions declares them. */
const ACTION_KEYS = IMAGE_ACTIONS.flatMap(({ key, keyHelp }) =>
  key === undefined || keyHelp === undefined
    ? []
    : [[keyHelp, [key.length === 1 ? key.toUpperCase() : key]] as const],
);

const GROUPS: readonly { title: string; keys: readonly (readonly [string, readonly string[]])[] }[] = [
  {
    title: "Everywhere",
    keys: [
      ["Open the command palette", ["Ctrl", "K"]],
      ["Search on this page, or open the command palette", ["/"]],
      ["Show the keyboard shortcuts", ["?"]],
    ],
  },
  {
    title: "Selected image",
    keys: ACTION_KEYS,
  },
  {
    title: "Image table and lineage tree",
    keys: [
      ["Previous row, next row", ["↑", "↓"]],
      ["First row, last row", ["Home", "End"]],
      ["Expand or collapse a branch (tree)", ["→", "←"]],
    ],
  },
  {
    title: "Lineage canvas",
    keys: [
      ["Parent, first clone", ["←", "→"]],
      ["Previous sibling, next sibling", ["↑", "↓"]],
      ["Expand or collapse a branch", ["Space"]],
      ["Fit view", ["F"]],
    ],
  },
];

/** The keyboard shortcuts, and the switch for those of a single key. */
export function ShortcutsDialog({
  open,
  onOpenChange,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const [singleKeys, setSingleKeys] = useSingleKeys();
  const id = useId();
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title="Keyboard shortcuts" description={null} className="max-w-md">
        <div className="flex flex-col gap-4 px-5 py-4">
          {GROUPS.map((group) => (
            <section key={group.title}>
              <h3 className="mb-1.5 font-medium text-ink-3 text-xs">{group.title}</h3>
              <dl className="flex flex-col gap-1">
                {group.keys.map(([label, keys]) => (
                  <div key={label} className="flex items-center justify-between gap-4">
                    <dt>{label}</dt>
                    <dd className="flex gap-1">
                      {keys.map((key) => (
                        <Kbd key={key}>{key}</Kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
          <div className="flex items-center justify-between gap-4 border-line border-t pt-3">
            <label htmlFor={id}>
              Single-key shortcuts
              <span className="block text-ink-3 text-xs">
                “/” and “?”. Turn them off when you use speech input.
              </span>
            </label>
            <Switch.Root
              id={id}
              checked={singleKeys === "on"}
              onCheckedChange={(checked) => setSingleKeys(checked ? "on" : "off")}
              className="flex h-5 w-9 shrink-0 rounded-full border border-line-strong bg-hover p-px transition-colors data-checked:border-brand data-checked:bg-brand"
            >
              <Switch.Thumb className="size-4 rounded-full bg-ink-3 transition-transform data-checked:translate-x-4 data-checked:bg-on-brand" />
            </Switch.Root>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}
