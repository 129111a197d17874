import type { Database } from "../db/open-database.ts";
import { pageByTime, unpackTimeCursor } from "../paging/time-cursor.ts";
import type { TaskListInput } from "../procedures/tasks/list.schema.ts";
import { changingColumns, summaryOf } from "./task-record.ts";
import type { TaskLogLine, TaskState, TaskSummary } from "./task-view.ts";

/** A stored task with what the runner needs to run it. */
export interface StoredTask {
  summary: TaskSummary;
  /** As it was given, still to be checked against the kind's schema. */
  input: unknown;
}

/** The tasks in the database. */
export class TaskStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(summary: TaskSummary, input: unknown, userId: string): Promise<void> {
    const { id, kind, title, createdAt, user } = summary;
    await this.#database
      .insertInto("task")
      .values({
        id,
        kind,
        title,
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
    return row === undefined ? null : { summary: summaryOf(row), input: JSON.parse(row.input) };
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
    return rows.map((row) => ({ summary: summaryOf(row), input: JSON.parse(row.input) }));
  }

  /** Newest first. Throws `STALE_CURSOR` for a cursor that is none. */
  async page(input: TaskListInput): Promise<{ rows: TaskSummary[]; nextCursor: string | null }> {
    let query = this.#database
      .selectFrom("task")
      .selectAll()
      .orderBy("createdAt", "desc")
      .orderBy("id", "desc")
      .limit(input.limit + 1);
    if (input.state !== undefined) query = query.where("state", "=", input.state);
    if (input.cursor !== undefined) {
      const { at, id } = unpackTimeCursor(input.cursor);
      query = query.where((where) =>
        where.or([
          where("createdAt", "<", at),
          where.and([where("createdAt", "=", at), where("id", "<", id)]),
        ]),
      );
    }
    const found = (await query.execute()).map(summaryOf);
    return pageByTime(found, input.limit, ({ createdAt, id }) => ({ at: createdAt, id }));
  }
}
