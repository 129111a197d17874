import type { AuditListInput, AuditListPage } from "../procedures/audit/list.schema.ts";

/** One thing that somebody did, or was refused. */
export interface AuditEntry {
  user: { id: string; username: string };
  /** Path of the procedure ("clone.start"), or "sign-in". */
  action: string;
  /** What it was done to: "rbd/vm-1", a task's id; null when it concerns nothing in particular. */
  object: string | null;
  /** "ok", or the code of the error. */
  outcome: string;
  message: string | null;
  address: string;
}

/** Who did what, to which object, with which outcome. Entries are only ever added. */
export interface AuditLog {
  write(entry: AuditEntry): Promise<void>;
  /** Newest first. Throws `STALE_CURSOR` for a cursor that is none. */
  list(input: AuditListInput): Promise<AuditListPage>;
}
