/** Every table. Times are ISO 8601 in UTC, so that they sort as text in any database. */
export interface Tables extends AuthTables {
  task: TaskTable;
  taskLog: TaskLogTable;
  audit: AuditTable;
  apiKey: ApiKeyTable;
  backupTarget: BackupTargetTable;
  policy: PolicyTable;
  policyRun: PolicyRunTable;
  policyRunItem: PolicyRunItemTable;
  notificationChannel: NotificationChannelTable;
  notification: NotificationTable;
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

/** A policy as stored. `definition` is JSON. Each `…Since` is from when a schedule counts. */
export interface PolicyTable {
  id: string;
  name: string;
  cluster: string;
  definition: string;
  paused: number;
  createdAt: string;
  updatedAt: string;
  backupSince: string;
  verifySince: string;
  drillSince: string;
  /** Since when it is known, and was told, that images are late; null while none is. */
  lateSince: string | null;
}

/** One time that a schedule came due, or that somebody started a job. There is one for each policy, job and due time. */
export interface PolicyRunTable {
  id: string;
  policyId: string;
  job: string;
  cause: string;
  dueAt: string;
  /** The due time and the jitter. */
  beginAt: string;
  startedAt: string | null;
  endedAt: string | null;
  state: string;
  reason: string | null;
  /** Earlier times that passed without a run. */
  missed: number;
  /** Who started it; null for a schedule. */
  username: string | null;
}

/** What a run does with one image. `error` is JSON. */
export interface PolicyRunItemTable {
  runId: string;
  seq: number;
  kind: string;
  /** Null for what concerns all images of the run. */
  image: string | null;
  state: string;
  /** Written before the task is queued. */
  taskId: string | null;
  attempt: number;
  backupId: string | null;
  backupKind: string | null;
  why: string | null;
  bytes: number | null;
  seconds: number | null;
  endedAt: string | null;
  error: string | null;
}

/** Where notifications are sent. `settings` and `events` are JSON; `secret` is encrypted. */
export interface NotificationChannelTable {
  id: string;
  name: string;
  settings: string;
  secret: string | null;
  events: string;
  enabled: number;
  createdAt: string;
}

/** One message to one channel, written with what it is about and sent afterwards. `message` is JSON. */
export interface NotificationTable {
  id: string;
  channelId: string;
  /** What it is about: a channel is told once of each. */
  topic: string;
  message: string;
  state: string;
  attempts: number;
  nextAt: string;
  createdAt: string;
  error: string | null;
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
