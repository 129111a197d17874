import { toast } from "#components/ui/toast.tsx";
import { signOut } from "./auth-api.ts";

/** Ends the session. The page is loaded anew, so that nothing of the session stays in this tab. */
export function signOutAndLeave(): void {
  signOut().then(
    () => window.location.assign("/sign-in/"),
    (error: unknown) => {
      const description = error instanceof Error ? error.message : String(error);
      toast("You are still signed in", { tone: "bad", description });
    },
  );
}
