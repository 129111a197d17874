/** One row per entry of the audit log. */
export interface AuditTable {
  id: string;
  at: string;
  userId: string;
  username: string;
  action: string;
  object: string | null;
  outcome: string;
  message: string | null;
  address: string;
}
