import { z } from "zod";

export const auditListInput = z
  .object({
    limit: z.int().min(1).max(500).default(100),
    cursor: z.string().max(256).optional(),
  })
  .default({ limit: 100 });

export type AuditListInput = z.output<typeof auditListInput>;

/** One thing that somebody did, or was refused. */
export interface AuditListRow {
  id: string;
  at: string;
  username: string;
  /** Path of the procedure ("clone.start"), "sign-in", "sign-out" or "change-password". */
  action: string;
  object: string | null;
  /** "ok", or the code of the error. */
  outcome: string;
  message: string | null;
  address: string;
}

/** Entries of the audit log, newest first. */
export interface AuditListPage {
  rows: AuditListRow[];
  nextCursor: string | null;
}
