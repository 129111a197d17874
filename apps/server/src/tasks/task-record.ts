import type { Selectable } from "kysely";
import { z } from "zod";
import type { TaskTable } from "./task-table.ts";
import { TASK_KINDS, type TaskError, type TaskResult, type TaskSummary, taskState } from "./task-view.ts";

const kind = z.enum(TASK_KINDS);
const unit = z.enum(["bytes", "steps", "objects"]);

/** Reads a stored task. Its rate is not stored: it is only true while the task runs. */
export function summaryOf(row: Selectable<TaskTable>): TaskSummary {
  const summary: TaskSummary = {
    id: row.id,
    kind: kind.parse(row.kind),
    title: row.title,
    state: taskState.parse(row.state),
    phase: row.phase,
    done: Number(row.done),
    total: row.total === null ? null : Number(row.total),
    unit: unit.parse(row.unit),
    rate: null,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    user: row.username,
  };
  if (row.result !== null) summary.result = JSON.parse(row.result) as TaskResult;
  if (row.error !== null) summary.error = JSON.parse(row.error) as TaskError;
  return summary;
}

/** The columns that change while a task lives. */
export function changingColumns(task: TaskSummary) {
  return {
    state: task.state,
    phase: task.phase,
    done: task.done,
    total: task.total,
    unit: task.unit,
    startedAt: task.startedAt,
    endedAt: task.endedAt,
    result: task.result === undefined ? null : JSON.stringify(task.result),
    error: task.error === undefined ? null : JSON.stringify(task.error),
  };
}
