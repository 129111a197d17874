import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyTask } from "#features/events/apply-task.ts";
import { trpc } from "#lib/trpc/trpc.ts";

/** Asks the server to stop a task. It answers at once with the task *canceling*; the end comes as an event. */
export function useCancelTask() {
  const client = useQueryClient();
  return useMutation(trpc.tasks.cancel.mutationOptions({ onSuccess: (task) => applyTask(client, task) }));
}
