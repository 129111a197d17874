/** The roles of a person, weakest first: each may do all that the ones before it may do. */
export const ROLES = ["viewer", "operator", "admin"] as const;

/** What a signed-in person may do: look (`viewer`), change images (`operator`), manage people (`admin`). */
export type Role = (typeof ROLES)[number];

/** Narrows a stored string to a role; anything unknown is no role at all, so it grants nothing. */
export function parseRole(value: unknown): Role | null {
  return ROLES.find((role) => role === value) ?? null;
}

/** Whether `role` includes everything that `needed` may do. */
export function roleIncludes(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
