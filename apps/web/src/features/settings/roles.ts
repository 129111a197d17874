import type { Role } from "@coppice/server/router";
import type { SelectOption } from "#components/ui/form.tsx";

/** The roles to choose from, weakest first. */
export const ROLES: readonly (SelectOption & { value: Role })[] = [
  { value: "viewer", label: "Viewer", note: "sees everything" },
  { value: "operator", label: "Operator", note: "changes images" },
  { value: "admin", label: "Admin", note: "manages users" },
];

/** The roles that somebody with `role` may pass on. */
export function rolesUpTo(role: Role): readonly (SelectOption & { value: Role })[] {
  return ROLES.slice(0, ROLES.findIndex(({ value }) => value === role) + 1);
}
