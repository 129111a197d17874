export const OUTCOMES = ["all", "ok", "failed"] as const;
export const PERIODS = ["any", "day", "week", "month"] as const;

/** The filters of the audit log as they are in the address. */
export interface AuditQuery {
  user: string;
  /** How the action begins: "users", "users.create". */
  action: string;
  object: string;
  outcome: (typeof OUTCOMES)[number];
  period: (typeof PERIODS)[number];
}

/** The filters as the server takes them. */
export interface AuditFilter {
  username?: string;
  action?: string;
  object?: string;
  outcome?: "ok" | "failed";
  from?: string;
}

const DAYS = { day: 1, week: 7, month: 30 } as const;

export function auditFilterOf(query: AuditQuery, now: Date): AuditFilter {
  const [username, action, object] = [query.user, query.action, query.object].map((text) => text.trim());
  return {
    ...(username ? { username } : {}),
    ...(action ? { action } : {}),
    ...(object ? { object } : {}),
    ...(query.outcome === "all" ? {} : { outcome: query.outcome }),
    ...(query.period === "any"
      ? {}
      : { from: new Date(now.getTime() - DAYS[query.period] * 86_400_000).toISOString() }),
  };
}

/** Where the filtered audit log is as a file. */
export function exportAddress(format: "csv" | "jsonl", filter: AuditFilter): string {
  const query = new URLSearchParams(Object.entries(filter)).toString();
  return `/api/audit.${format}${query === "" ? "" : `?${query}`}`;
}
