import { type Auth, hashOfToken } from "./auth.ts";

/** A path on this server that opens a session once. */
export interface SignInPath {
  /** `/api/auth/magic-link/verify?token=…` */
  path: string;
  expiresAt: string;
}

/** How long somebody has to open a link that an administrator passes on. */
const PASSED_ON_MS = 72 * 60 * 60_000;

/** Where a person goes who has no password yet. */
const CHOOSE_PASSWORD = "/settings/?tab=account";

/**
 * Creates a link that signs its first visitor in as the user with this mail address. `passedOn`: for an administrator to
 * send to somebody, who then chooses a password; otherwise it is meant to be opened at once.
 */
export async function createSignInPath(auth: Auth, email: string, passedOn: boolean): Promise<SignInPath> {
  const handed = Promise.withResolvers<string>();
  await auth.api.signInMagicLink({
    body: { email, metadata: { handOver: handed.resolve } },
    headers: new Headers(),
  });
  const token = await handed.promise;
  const { internalAdapter } = await auth.$context;
  const identifier = `magic-link:${hashOfToken(token)}`;
  const stored = await internalAdapter.findVerificationValue(identifier);
  if (stored === null || stored === undefined) throw new Error("the sign-in link was not stored");
  let { expiresAt } = stored;
  if (passedOn) {
    expiresAt = new Date(stored.createdAt.getTime() + PASSED_ON_MS);
    await internalAdapter.updateVerificationByIdentifier(identifier, { expiresAt });
  }
  const query = new URLSearchParams({
    token,
    callbackURL: passedOn ? CHOOSE_PASSWORD : "/",
    errorCallbackURL: "/sign-in/",
  });
  return { path: `/api/auth/magic-link/verify?${query}`, expiresAt: expiresAt.toISOString() };
}
