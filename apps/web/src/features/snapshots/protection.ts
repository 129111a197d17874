"use client";

import { useMutation } from "@tanstack/react-query";
import { useCallback } from "react";
import { toast } from "#components/ui/toast.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";

/** Protects or unprotects a snapshot at once: it can be undone. The end of the task is reported by a toast. */
export function useProtection(): (image: string, snapshot: string, isProtected: boolean) => void {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const options = {
    onSuccess: ({ taskId }: { taskId: string }) => void reportEnd(taskId),
    onError: (error: unknown) => {
      const { message, hint } = toProblem(error);
      toast("The protection could not be changed", {
        tone: "bad",
        description: [message, hint].filter(Boolean).join(" "),
      });
    },
  };
  const { mutate: protect } = useMutation(trpc.snapshots.protect.mutationOptions(options));
  const { mutate: unprotect } = useMutation(trpc.snapshots.unprotect.mutationOptions(options));
  return useCallback(
    (image, snapshot, isProtected) => (isProtected ? protect : unprotect)({ cluster, image, snapshot }),
    [cluster, protect, unprotect],
  );
}
