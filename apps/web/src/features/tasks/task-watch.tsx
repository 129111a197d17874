"use client";

import type { TaskSummary } from "@coppice/server/router";
import { type ReactNode, useCallback, useRef } from "react";
import { toast } from "#components/ui/toast.tsx";
import { StreamStateContext } from "#features/events/stream-state.ts";
import { useServerEvents } from "#features/events/use-server-events.ts";
import { useMe } from "#features/session/use-session.ts";
import { taskLink } from "#lib/links.ts";
import { isActive, TASK_STATE } from "#lib/task/task-state.ts";
import { isOnScreen } from "./on-screen.ts";

/** Listens to the server for the whole console, and says when one's own tasks end. */
export function TaskWatch({ children }: { children: ReactNode }) {
  const { username } = useMe().user;
  const running = useRef(new Set<string>());

  const onTask = useCallback(
    (task: TaskSummary) => {
      if (task.user !== username) return;
      if (isActive(task.state)) {
        running.current.add(task.id);
        return;
      }
      // Only the end of what was seen running here: a resumed stream may repeat old ends.
      if (!running.current.delete(task.id)) return;
      if (isOnScreen(task.id)) return; // its end is already in sight
      const { label } = TASK_STATE[task.state];
      toast(task.title, {
        tone: task.state === "succeeded" ? "good" : task.state === "failed" ? "bad" : "neutral",
        description: task.error?.message ?? label,
        link: { href: taskLink(task.id), label: "Show the task" },
      });
    },
    [username],
  );

  const stream = useServerEvents(onTask);
  return <StreamStateContext value={stream}>{children}</StreamStateContext>;
}
