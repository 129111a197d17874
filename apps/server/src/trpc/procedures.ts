import type { Role } from "../auth/roles.ts";
import { audited } from "./audited.ts";
import { t } from "./init.ts";
import { mapErrors } from "./map-errors.ts";
import { requireRole } from "./require-role.ts";

/** Errors are translated outermost, so that what the audit log keeps is what happened inside. */
function procedureFor(role: Role) {
  return t.procedure.meta({ role }).use(mapErrors).use(audited).use(requireRole(role));
}

/** For everyone who is signed in. */
export const viewerProcedure = procedureFor("viewer");

/** For those who may change images. */
export const operatorProcedure = procedureFor("operator");

/** For those who manage the server and its people. */
export const adminProcedure = procedureFor("admin");
