import { toast } from "#components/ui/toast.tsx";

/** The body of an error response of the HTTP API of better-auth. */
interface AuthFailure {
  code?: string;
  message?: string;
}

/** Signing in or out failed. The message is for the user. */
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
    throw new SignInError(0, "The Coppice server does not respond. Check that it is running.", { cause });
  }
}

/** Starts a session, which is a cookie. @throws SignInError */
export async function signIn(username: string, password: string): Promise<void> {
  const response = await post("/sign-in/username", { username, password });
  if (response.ok) return;
  if (response.status === 429)
    throw new SignInError(429, "Too many attempts. Wait a minute, then try again.");
  if (response.status === 401 || response.status === 400 || response.status === 422) {
    throw new SignInError(response.status, "Wrong username or password.");
  }
  const failure = (await response.json().catch(() => ({}))) as AuthFailure;
  throw new SignInError(
    response.status,
    failure.message ?? `The server answered with status ${response.status}. See its log for details.`,
  );
}

/** Replaces the password, and ends all other sessions. @throws SignInError */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  const response = await post("/change-password", { currentPassword, newPassword });
  if (response.ok) return;
  const failure = (await response.json().catch(() => ({}))) as AuthFailure;
  if (failure.code === "INVALID_PASSWORD")
    throw new SignInError(response.status, "The current password is wrong.");
  if (response.status === 429)
    throw new SignInError(429, "Too many attempts. Wait a minute, then try again.");
  throw new SignInError(
    response.status,
    failure.message ?? `The server answered with status ${response.status}. See its log for details.`,
  );
}

/** Ends the session. @throws SignInError when the server did not end it */
async function signOut(): Promise<void> {
  const response = await post("/sign-out", {});
  if (!response.ok && response.status !== 401) {
    throw new SignInError(response.status, `The server answered with status ${response.status}. Try again.`);
  }
}

/** Ends the session and loads the sign-in page anew, so that no data of the session remains in this tab. */
export function signOutAndLeave(): void {
  signOut().then(
    () => window.location.assign("/sign-in/"),
    (error: unknown) => {
      const description = error instanceof Error ? error.message : String(error);
      toast("Signing out failed", { tone: "bad", description });
    },
  );
}
