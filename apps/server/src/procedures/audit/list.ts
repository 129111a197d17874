import { adminProcedure } from "../../trpc/procedures.ts";
import { type AuditListPage, auditListInput } from "./list.schema.ts";

/** Who did what, newest first. */
export const list = adminProcedure
  .input(auditListInput)
  .query(({ ctx, input }): Promise<AuditListPage> => ctx.services.audit.list(input));
