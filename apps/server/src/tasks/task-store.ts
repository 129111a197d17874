import type { Selectable } from "kysely";
import { z } from "zod";
import { cutPage, decodeCursor } from "../base/paging.ts";
import type { Database } from "../db/database.ts";
import type { TaskTable } from "../db/tables.ts";
import {
  type TaskListInput,
  type TaskLogLine,
  type TaskState,
  type TaskSummary,
  taskError,
  taskObject,
  taskState,
  taskUnit,
} from "./task.ts";

/** A stored task with the input that it runs on. */
export interface StoredTask {
  summary: TaskSummary;
  /** As stored: not yet checked against the schema of its kind. */
  input: unknown;
  /** The RADOS client that worked on it last, as a hexadecimal number; null when its outcome is known, or it has none. */
  client: string | null;
}

/** The tasks in the database. */
export class TaskStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(summary: TaskSummary, input: unknown, userId: string): Promise<void> {
    const { id, kind, title, object, related, createdAt, user } = summary;
    await this.#database
      .insertInto("task")
      .values({
        id,
        kind,
        title,
        cluster: object.cluster,
        object: JSON.stringify(object),
        related: JSON.stringify(related),
        createdAt,
        userId,
        username: user,
        input: JSON.stringify(input),
        ...changingColumns(summary),
      })
      .execute();
  }

  async save(summary: TaskSummary): Promise<void> {
    await this.#database
      .updateTable("task")
      .set(changingColumns(summary))
      .where("id", "=", summary.id)
      .execute();
  }

  async setClient(taskId: string, client: string | null): Promise<void> {
    await this.#database.updateTable("task").set({ client }).where("id", "=", taskId).execute();
  }

  async addLog(taskId: string, seq: number, line: TaskLogLine): Promise<void> {
    await this.#database
      .insertInto("taskLog")
      .values({ taskId, seq, ...line })
      .execute();
  }

  async log(taskId: string): Promise<TaskLogLine[]> {
    return this.#database
      .selectFrom("taskLog")
      .select(["at", "text"])
      .where("taskId", "=", taskId)
      .orderBy("seq")
      .execute();
  }

  async find(id: string): Promise<StoredTask | null> {
    const row = await this.#database.selectFrom("task").selectAll().where("id", "=", id).executeTakeFirst();
    return row === undefined ? null : storedTask(row);
  }

  /** Those in one of `states`, oldest first. */
  async inStates(states: readonly TaskState[]): Promise<StoredTask[]> {
    const rows = await this.#database
      .selectFrom("task")
      .selectAll()
      .where("state", "in", states)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows.map(storedTask);
  }

  /** Interrupted tasks of a cluster of which it is not known yet what became of them, oldest first. */
  async unsettled(cluster: string): Promise<StoredTask[]> {
    const rows = await this.#database
      .selectFrom("task")
      .selectAll()
      .where("state", "=", "interrupted")
      .where("client", "is not", null)
      .where("cluster", "=", cluster)
      .orderBy("createdAt")
      .orderBy("id")
      .execute();
    return rows.map(storedTask);
  }

  /** Newest first. @throws {ServerError} `STALE_CURSOR` for a text that is not a cursor of this list */
  async page(input: TaskListInput): Promise<{ rows: TaskSummary[]; nextCursor: string | null }> {
    let query = this.#database
      .selectFrom("task")
      .selectAll()
      .orderBy("createdAt", "desc")
      .orderBy("id", "desc")
      .limit(input.limit + 1);
    if (input.state !== undefined) query = query.where("state", "=", input.state);
    if (input.cluster !== undefined) query = query.where("cluster", "=", input.cluster);
    if (input.cursor !== undefined) {
      const { at, id } = decodeCursor(input.cursor);
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("createdAt", "id"), "<", tuple(at, id)));
    }
    const found = (await query.execute()).map(summaryOf);
    return cutPage(found, input.limit, ({ createdAt, id }) => ({ at: createdAt, id }));
  }
}

function storedTask(row: Selectable<TaskTable>): StoredTask {
  return { summary: summaryOf(row), input: JSON.parse(row.input), client: row.client };
}

const relatedObjects = z.array(taskObject);

/** Reads a stored task. The rate is not stored, because it only holds while the task runs. */
function summaryOf(row: Selectable<TaskTable>): TaskSummary {
  const summary: TaskSummary = {
    id: row.id,
    kind: row.kind,
    title: row.title,
    object: taskObject.parse(JSON.parse(row.object)),
    related: relatedObjects.parse(JSON.parse(row.related)),
    state: taskState.parse(row.state),
    phase: row.phase,
    done: Number(row.done),
    total: row.total === null ? null : Number(row.total),
    unit: taskUnit.parse(row.unit),
    rate: null,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    user: row.username,
  };
  if (row.result !== null) summary.result = JSON.parse(row.result);
  if (row.error !== null) summary.error = taskError.parse(JSON.parse(row.error));
  return summary;
}

/** The columns that change after a task was queued. */
function changingColumns(task: TaskSummary) {
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
