/** Every table. Times are ISO 8601 in UTC, so that they sort as text in any database. */
export interface Tables extends AuthTables {
  task: TaskTable;
  taskLog: TaskLogTable;
  audit: AuditTable;
  apiKey: ApiKeyTable;
  backupTarget: BackupTargetTable;
}

/** A task as stored. `object`, `related`, `input`, `result` and `error` are JSON. */
export interface TaskTable {
  id: string;
  kind: string;
  title: string;
  /** The cluster of `object`. */
  cluster: string;
  object: string;
  related: string;
  state: string;
  phase: string | null;
  done: number;
  total: number | null;
  unit: string;
  input: string;
  /** The RADOS client that worked on it last; null when nothing that it left has to be looked for. */
  client: string | null;
  result: string | null;
  error: string | null;
  userId: string;
  username: string;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
}

/** One line of a task's log; `seq` counts from 0 in each task. */
interface TaskLogTable {
  taskId: string;
  seq: number;
  at: string;
  text: string;
}

/** One row per entry of the audit log. */
interface AuditTable {
  id: string;
  at: string;
  userId: string;
  username: string;
  action: string;
  cluster: string | null;
  object: string | null;
  outcome: string;
  message: string | null;
  address: string;
  /** Name of the API key it was done with; null for a person at the dashboard. */
  apiKey: string | null;
}

/** A key with which a script acts for its owner. The key itself is not stored, only its hash. */
interface ApiKeyTable {
  id: string;
  userId: string;
  name: string;
  role: string;
  /** The first characters of the key, by which its owner recognises it. */
  start: string;
  /** SHA-256, hexadecimal. */
  hash: string;
  createdAt: string;
  /** Null: it does not expire. */
  expiresAt: string | null;
  lastUsedAt: string | null;
}

/** A named place for backups. `settings` is JSON. */
export interface BackupTargetTable {
  id: string;
  name: string;
  settings: string;
  createdAt: string;
  removedAt: string | null;
}

/** The tables better-auth reads and writes. Only what we query ourselves is typed beyond its key. */
interface AuthTables {
  user: {
    id: string;
    name: string;
    email: string;
    emailVerified: number;
    image: string | null;
    username: string | null;
    role: string;
    /** Since when the user may not sign in; null for one who may. */
    disabledAt: string | null;
    createdAt: string;
    updatedAt: string;
  };
  session: {
    id: string;
    userId: string;
    token: string;
    ipAddress: string | null;
    userAgent: string | null;
    expiresAt: string;
    createdAt: string;
    updatedAt: string;
  };
  account: { id: string; userId: string; providerId: string; accountId: string };
  verification: { id: string; identifier: string; value: string; expiresAt: string };
}
