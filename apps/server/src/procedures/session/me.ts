import { viewerProcedure } from "../../trpc/procedures.ts";
import type { Me } from "./me.schema.ts";

/** Who is signed in, and to what. */
export const me = viewerProcedure.query(({ ctx }): Me => {
  const { id, name, username, role } = ctx.user;
  return { user: { id, name, username, role }, product: { version: ctx.services.version } };
});
