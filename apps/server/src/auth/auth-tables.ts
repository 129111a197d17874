/** The tables better-auth reads and writes. Only what we query ourselves is typed beyond its key. */
export interface AuthTables {
  user: {
    id: string;
    name: string;
    email: string;
    emailVerified: number;
    image: string | null;
    username: string | null;
    role: string;
    createdAt: string;
    updatedAt: string;
  };
  session: { id: string; userId: string; token: string; expiresAt: string };
  account: { id: string; userId: string; providerId: string; accountId: string };
  verification: { id: string; identifier: string; value: string; expiresAt: string };
}
