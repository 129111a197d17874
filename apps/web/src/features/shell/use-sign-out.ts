import type { useRouter } from "next/navigation";
import { useCallback } from "react";
import { toast } from "#components/ui/toast.tsx";
import { signOut } from "#features/session/auth-api.ts";
import { queryClient } from "#lib/trpc/query-client.ts";

/** Ends the session and leaves nothing of it in this tab. */
export function useSignOut(router: ReturnType<typeof useRouter>): () => void {
  return useCallback(() => {
    signOut().then(
      () => {
        router.replace("/sign-in/");
        queryClient.clear();
      },
      (error: unknown) => {
        const description = error instanceof Error ? error.message : String(error);
        toast("You are still signed in", { tone: "bad", description });
      },
    );
  }, [router]);
}
