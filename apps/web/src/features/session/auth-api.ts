import { toast } from "#components/ui/toast.tsx";

/** What went wrong, as better-auth's HTTP API says it. */
interface AuthFailure {
  code?: string;
  message?: string;
}

/** Signing in did not work. The message is for the person at the screen. */
export class SignInError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SignInError";
    this.status = status;
  }
}

async function post(path: string, body: object): Promise<Response> {
  try {
    return await fetch(`/api/auth${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new SignInError(0, "Coppice's server does not answer. See whether it is running.", { cause });
  }
}

/** Opens a session (a cookie). Throws `SignInError`. */
export async function signIn(username: string, password: string): Promise<void> {
  const response = await post("/sign-in/username", { username, password });
  if (response.ok) return;
  if (response.status === 429)
    throw new SignInError(429, "Too many attempts. Wait a minute, then try again.");
  if (response.status === 401 || response.status === 400 || response.status === 422) {
    throw new SignInError(response.status, "This username and password do not belong together.");
  }
  const failure = (await response.json().catch(() => ({}))) as AuthFailure;
  throw new SignInError(
    response.status,
    failure.message ?? `The server answered ${response.status}. Its log has the details.`,
  );
}

/** Ends the session. Throws `SignInError` when the server did not hear of it. */
export async function signOut(): Promise<void> {
  const response = await post("/sign-out", {});
  if (!response.ok && response.status !== 401) {
    throw new SignInError(response.status, `Signing out failed: the server answered ${response.status}.`);
  }
}

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
