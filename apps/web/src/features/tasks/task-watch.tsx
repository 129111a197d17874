"use client";

import type { TaskSummary } from "@coppice/server/router";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef } from "react";
import { toast } from "#components/ui/toast.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { StreamStateContext, useServerEvents } from "#features/cluster/server-events.ts";
import { useMe } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { isActive, TASK_STATE } from "#lib/task.ts";

/** Keeps the console up to date with the events of the server, and notifies the user when one of their tasks ends. */
export function TaskWatch({ children }: { children: ReactNode }) {
  const links = useLinks();
  const { username } = useMe().user;
  const running = useRef(new Set<string>());
  const { mutate: restore } = useMutation(
    trpc.trash.restore.mutationOptions({
      onError: (error) => toast("Undo failed", { tone: "bad", description: toProblem(error).message }),
    }),
  );

  const onTask = useCallback(
    (task: TaskSummary) => {
      if (task.user !== username) return;
      if (isActive(task.state)) {
        running.current.add(task.id);
        return;
      }
      // A resumed stream repeats events, so only tasks that were seen running here are reported.
      if (!running.current.delete(task.id)) return;
      if (tasksOnScreen.has(task.id)) return;
      const { label } = TASK_STATE[task.state];
      const moved = movedToTrash(task);
      toast(task.title, {
        ...(moved === null
          ? {}
          : {
              action: {
                label: "Undo",
                run: () => restore({ cluster: task.object.cluster, image: moved }),
              },
            }),
        tone: task.state === "succeeded" ? "good" : task.state === "failed" ? "bad" : "neutral",
        description: task.error?.message ?? label,
        link: { href: links.task(task.id), label: "Show task" },
      });
    },
    [username, links, restore],
  );

  const client = useQueryClient();
  const reportEnd = useCallback(
    async (taskId: string) => {
      running.current.add(taskId);
      const now = trpc.tasks.get.queryOptions({ id: taskId }, { staleTime: 0 });
      // When this fails, the connection is lost, which the console shows; the stream tells of the end once it is back.
      const task = await client.fetchQuery(now).catch(() => null);
      if (task !== null) onTask(task);
    },
    [client, onTask],
  );

  const stream = useServerEvents(onTask);
  return (
    <StreamStateContext value={stream}>
      <ReportEndContext value={reportEnd}>{children}</ReportEndContext>
    </StreamStateContext>
  );
}

/** The key of the image that a task moved to the trash and that can be restored as it was; null for other tasks. */
function movedToTrash({ state, result }: TaskSummary): string | null {
  if (state !== "succeeded") return null;
  return result?.kind === "move-to-trash" || result?.kind === "delete" ? result.key : null;
}

const ReportEndContext = createContext<(taskId: string) => Promise<void>>(async () => {});

/**
 * Notifies the user when a task ends that this tab has started. The event stream alone would miss one that ended before the
 * stream was there.
 */
export function useReportEnd(): (taskId: string) => Promise<void> {
  return useContext(ReportEndContext);
}

const tasksOnScreen = new Set<string>();

/** Declares that the calling component shows a task in full, so that no toast reports its end a second time. */
export function useOnScreen(taskId: string): void {
  useEffect(() => {
    tasksOnScreen.add(taskId);
    return () => {
      tasksOnScreen.delete(taskId);
    };
  }, [taskId]);
}

/** The newest tasks of the cluster. The tray, the overview and the image page share this query; events keep it up to date. */
export function useRecentTasks() {
  return useQuery(trpc.tasks.list.queryOptions({ cluster: useCluster(), limit: 50 }));
}
