/** A task as stored. `input`, `result` and `error` are JSON. */
export interface TaskTable {
  id: string;
  kind: string;
  title: string;
  state: string;
  phase: string | null;
  done: number;
  total: number | null;
  unit: string;
  input: string;
  result: string | null;
  error: string | null;
  userId: string;
  username: string;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
}

/** One line of a task's log; `seq` counts from 0 in each task. */
export interface TaskLogTable {
  taskId: string;
  seq: number;
  at: string;
  text: string;
}
