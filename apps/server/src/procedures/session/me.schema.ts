import type { Role } from "../../auth/roles.ts";

/** The signed-in person, and the product they are looking at. */
export interface Me {
  user: { id: string; name: string; username: string; role: Role };
  product: { version: string };
}
