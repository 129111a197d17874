"use client";

import type { TaskSummary } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useRef } from "react";
import { toast } from "#components/ui/toast.tsx";
import { StreamStateContext, useServerEvents } from "#features/cluster/server-events.ts";
import { useMe } from "#features/session/session.tsx";
import { trpc } from "#lib/api.ts";
import { taskLink } from "#lib/links.ts";
import { isActive, TASK_STATE } from "#lib/task.ts";

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

const shown = new Set<string>();

/** Says that a task is shown in full while this is on screen, so that a toast about it would only repeat it. */
export function useOnScreen(taskId: string): void {
  useEffect(() => {
    shown.add(taskId);
    return () => {
      shown.delete(taskId);
    };
  }, [taskId]);
}

/** Whether a task is shown in full somewhere. */
export function isOnScreen(taskId: string): boolean {
  return shown.has(taskId);
}

/** The newest tasks: the tray, the overview and an image's activity share them. Kept fresh by the server's events. */
export function useRecentTasks() {
  return useQuery(trpc.tasks.list.queryOptions({ limit: 50 }));
}
