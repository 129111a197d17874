"use client";

import { Switch } from "@base-ui/react/switch";
import { useId } from "react";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { useSingleKeys } from "../../lib/keyboard.ts";

const GROUPS = [
  {
    title: "Everywhere",
    keys: [
      ["Search and commands", ["Ctrl", "K"]],
      ["Search on this page, or everywhere", ["/"]],
      ["These shortcuts", ["?"]],
    ],
  },
  {
    title: "Images, and the tree in Lineage",
    keys: [
      ["Move", ["↑", "↓"]],
      ["First, last", ["Home", "End"]],
      ["Open the image", ["Enter"]],
      ["Clone it", ["C"]],
      ["Open and close a branch (tree)", ["→", "←"]],
    ],
  },
  {
    title: "Canvas in Lineage",
    keys: [
      ["To the parent, to the first clone", ["←", "→"]],
      ["Between siblings", ["↑", "↓"]],
      ["Open or close a branch", ["Space"]],
      ["Open the image", ["Enter"]],
      ["Fit everything", ["F"]],
    ],
  },
] as const;

/** All keys, and the switch for those that are a single character. */
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
              Single keys everywhere
              <span className="block text-ink-3 text-xs">
                “/” and “?” without Ctrl. Switch off when you dictate.
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
