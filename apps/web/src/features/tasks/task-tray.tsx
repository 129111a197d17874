"use client";

import { ListTodo } from "lucide-react";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Popover, PopoverContent, PopoverTrigger } from "#components/ui/popover.tsx";
import { Spinner } from "#components/ui/spinner.tsx";
import { plural } from "#lib/format/count.ts";
import { isActive } from "#lib/task/task-state.ts";
import { TrayItem } from "./tray-item.tsx";
import { useRecentTasks } from "./use-recent-tasks.ts";

const SHOWN = 8;

/** What runs now and what ran last, from every page. */
export function TaskTray() {
  const [open, setOpen] = useState(false);
  const tasks = useRecentTasks().data?.rows ?? [];
  const active = tasks.filter((task) => isActive(task.state));
  const shown = [...active, ...tasks.filter((task) => !isActive(task.state))].slice(0, SHOWN);
  const label = active.length === 0 ? "Tasks" : `Tasks: ${plural(active.length, "task")} running`;

  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger
        render={
          <Button variant="ghost" size={active.length === 0 ? "icon" : "md"} aria-label={label}>
            {active.length === 0 ? <ListTodo aria-hidden /> : <Spinner className="text-brand" />}
            {active.length > 0 && <span className="tabular-nums">{active.length}</span>}
          </Button>
        }
      />
      <PopoverContent title="Tasks" className="w-96">
        {shown.length === 0 ? (
          <p className="px-4 py-6 text-center text-ink-2">Nothing has run yet. Clones show up here.</p>
        ) : (
          <ul className="divide-y divide-line">
            {shown.map((task) => (
              <TrayItem key={task.id} task={task} onOpen={() => setOpen(false)} />
            ))}
          </ul>
        )}
        <div className="border-line border-t p-1.5">
          <ButtonLink
            href="/tasks/"
            variant="ghost"
            size="sm"
            className="w-full"
            onClick={() => setOpen(false)}
          >
            All tasks
          </ButtonLink>
        </div>
      </PopoverContent>
    </Popover>
  );
}
