import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "#components/ui/toast.tsx";
import { invalidateInventory } from "#features/events/apply-scan.ts";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";

/** Has the server read all images again, now. */
export function useRefreshInventory() {
  const client = useQueryClient();
  return useMutation(
    trpc.inventory.refresh.mutationOptions({
      onSuccess: () => invalidateInventory(client),
      onError: (error) => {
        const { message, hint } = toProblem(error);
        toast("Images could not be read again", {
          tone: "bad",
          description: [message, hint].filter(Boolean).join(" "),
        });
      },
    }),
  );
}
