import { type Selectable, sql } from "kysely";
import { isoTime } from "../base/clock.ts";
import { cutPage, decodeCursor } from "../base/paging.ts";
import type { Database } from "../db/database.ts";
import type { PolicyRunItemTable, PolicyRunTable, PolicyTable } from "../db/tables.ts";
import { JOBS, type Job, type Policy, policyDefinition } from "./policy.ts";
import {
  type ItemCounts,
  itemKind,
  itemState,
  type PolicyRun,
  policyRun,
  type RunItem,
  type RunProgress,
  type RunState,
  runItem,
} from "./run.ts";

/** A run with how many of its images are in which state. */
export type CountedRun = PolicyRun & { counts: ItemCounts };

const OVER: readonly RunState[] = ["succeeded", "failed", "skipped"];

/** Policies and their runs in the database. */
export class PolicyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** By name. */
  async policies(): Promise<Policy[]> {
    const rows = await this.#database.selectFrom("policy").selectAll().orderBy("name").execute();
    return rows.map(storedPolicy);
  }

  async policy(id: string): Promise<Policy | null> {
    const row = await this.#database.selectFrom("policy").selectAll().where("id", "=", id).executeTakeFirst();
    return row === undefined ? null : storedPolicy(row);
  }

  async insert(policy: Policy): Promise<void> {
    await this.#database
      .insertInto("policy")
      .values({ ...columnsOf(policy), lateSince: null })
      .execute();
  }

  async save(policy: Policy): Promise<void> {
    await this.#database.updateTable("policy").set(columnsOf(policy)).where("id", "=", policy.id).execute();
  }

  /** With its runs. */
  async remove(id: string): Promise<void> {
    await this.#database.deleteFrom("policy").where("id", "=", id).execute();
  }

  /** Since when it was told that images of the policy are late; null when that was not told. */
  async lateSince(id: string): Promise<string | null> {
    const row = await this.#database
      .selectFrom("policy")
      .select("lateSince")
      .where("id", "=", id)
      .executeTakeFirst();
    return row?.lateSince ?? null;
  }

  /** @param tell Runs in the same transaction. */
  async setLateSince(
    id: string,
    lateSince: string | null,
    tell: (transaction: Database) => Promise<void>,
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction.updateTable("policy").set({ lateSince }).where("id", "=", id).execute();
      await tell(transaction);
    });
  }

  /** The newest due time of a job up to `now` for which there is a run, those that somebody started left out. */
  async lastDue(policyId: string, job: Job, now: number): Promise<number | null> {
    const row = await this.#database
      .selectFrom("policyRun")
      .select("dueAt")
      .where("policyId", "=", policyId)
      .where("job", "=", job)
      .where("cause", "<>", "manual")
      .where("dueAt", "<=", isoTime(now))
      .orderBy("dueAt", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? null : Date.parse(row.dueAt);
  }

  /** Adds a run, unless there is one of this policy and job for this due time. Returns whether it was added. */
  async addRun(run: PolicyRun): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#database
      .insertInto("policyRun")
      .values(run)
      .onConflict((conflict) => conflict.columns(["policyId", "job", "dueAt"]).doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  /** The runs that are not over, in the order in which they came due. */
  async openRuns(): Promise<PolicyRun[]> {
    const rows = await this.#database
      .selectFrom("policyRun")
      .selectAll()
      .where("state", "not in", OVER)
      .orderBy("beginAt")
      .orderBy("id")
      .execute();
    return rows.map(storedRun);
  }

  async run(id: string): Promise<CountedRun | null> {
    const row = await this.#database
      .selectFrom("policyRun")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    return row === undefined ? null : ((await this.#counted([storedRun(row)]))[0] ?? null);
  }

  async setReason(runId: string, reason: string | null): Promise<void> {
    await this.#database.updateTable("policyRun").set({ reason }).where("id", "=", runId).execute();
  }

  /** Writes what a run will do, and that it has begun: all of it or nothing. */
  async beginRun(run: PolicyRun, items: readonly RunItem[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const { id, state, startedAt, reason } = run;
      await transaction
        .updateTable("policyRun")
        .set({ state, startedAt, reason })
        .where("id", "=", id)
        .execute();
      // SQLite takes a limited number of values at once.
      for (let from = 0; from < items.length; from += 1000) {
        const some = items.slice(from, from + 1000).map(itemColumns);
        await transaction.insertInto("policyRunItem").values(some).execute();
      }
    });
  }

  /** @param tell Runs in the same transaction: a run that is over has been told, or will be. */
  async endRun(run: PolicyRun, tell: (transaction: Database) => Promise<void>): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const { id, state, endedAt, reason } = run;
      await transaction
        .updateTable("policyRun")
        .set({ state, endedAt, reason })
        .where("id", "=", id)
        .execute();
      await tell(transaction);
    });
  }

  /** What a run did or is to do, in the order of its images. */
  async items(runId: string): Promise<RunItem[]> {
    const rows = await this.#database
      .selectFrom("policyRunItem")
      .selectAll()
      .where("runId", "=", runId)
      .orderBy("seq")
      .execute();
    return rows.map(storedItem);
  }

  /** The first items of a run that have no task yet. */
  async waitingItems(runId: string, limit: number): Promise<RunItem[]> {
    const rows = await this.#database
      .selectFrom("policyRunItem")
      .selectAll()
      .where("runId", "=", runId)
      .where("state", "=", "waiting")
      .orderBy("seq")
      .limit(limit)
      .execute();
    return rows.map(storedItem);
  }

  async progress(runId: string): Promise<RunProgress & { pruning: "waiting" | "queued" | null }> {
    const rows = await this.#database
      .selectFrom("policyRunItem")
      .select(["kind", "state", sql<number>`count(*)`.as("count")])
      .where("runId", "=", runId)
      .where("state", "in", ["waiting", "queued"])
      .groupBy(["kind", "state"])
      .execute();
    const of = (wanted: string) =>
      rows.reduce(
        (sum, { kind, state, count }) => sum + (kind !== "prune" && state === wanted ? Number(count) : 0),
        0,
      );
    const pruning = rows.find(({ kind }) => kind === "prune")?.state;
    return {
      queued: of("queued"),
      waiting: of("waiting"),
      pruning: pruning === "waiting" || pruning === "queued" ? pruning : null,
    };
  }

  async saveItem(item: RunItem): Promise<void> {
    const { runId, seq, ...changes } = itemColumns(item);
    await this.#database
      .updateTable("policyRunItem")
      .set(changes)
      .where("runId", "=", runId)
      .where("seq", "=", seq)
      .execute();
  }

  async itemOfTask(taskId: string): Promise<RunItem | null> {
    const row = await this.#database
      .selectFrom("policyRunItem")
      .selectAll()
      .where("taskId", "=", taskId)
      .executeTakeFirst();
    return row === undefined ? null : storedItem(row);
  }

  /** The items of all runs for which there is a task. */
  async queuedItems(): Promise<RunItem[]> {
    const rows = await this.#database
      .selectFrom("policyRunItem")
      .selectAll()
      .where("state", "=", "queued")
      .execute();
    return rows.map(storedItem);
  }

  /** Runs of a policy, newest first. @throws {ServerError} `STALE_CURSOR` */
  async runs(page: {
    policyId: string;
    job?: Job | undefined;
    cursor?: string | undefined;
    limit: number;
  }): Promise<{ rows: CountedRun[]; nextCursor: string | null }> {
    let query = this.#database
      .selectFrom("policyRun")
      .selectAll()
      .where("policyId", "=", page.policyId)
      .orderBy("dueAt", "desc")
      .orderBy("id", "desc")
      .limit(page.limit + 1);
    if (page.job !== undefined) query = query.where("job", "=", page.job);
    if (page.cursor !== undefined) {
      const { at, id } = decodeCursor(page.cursor);
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("dueAt", "id"), "<", tuple(at, id)));
    }
    const found = (await query.execute()).map(storedRun);
    const { rows, nextCursor } = cutPage(found, page.limit, ({ dueAt, id }) => ({ at: dueAt, id }));
    return { rows: await this.#counted(rows), nextCursor };
  }

  /** The newest run of each job of each policy that did something, by policy. */
  async lastRuns(): Promise<Map<string, CountedRun[]>> {
    const rows = await this.#database
      .selectFrom("policyRun as run")
      .selectAll("run")
      .where("state", "<>", "skipped")
      .where(({ eb, selectFrom }) =>
        eb(
          "dueAt",
          "=",
          selectFrom("policyRun as other")
            .select(({ fn }) => fn.max("other.dueAt").as("newest"))
            .whereRef("other.policyId", "=", "run.policyId")
            .whereRef("other.job", "=", "run.job")
            .where("other.state", "<>", "skipped"),
        ),
      )
      .execute();
    return Map.groupBy(await this.#counted(rows.map(storedRun)), ({ policyId }) => policyId);
  }

  /** The run of the same job that ended before this one. */
  async runBefore({ policyId, job, dueAt }: PolicyRun): Promise<PolicyRun | null> {
    const row = await this.#database
      .selectFrom("policyRun")
      .selectAll()
      .where("policyId", "=", policyId)
      .where("job", "=", job)
      .where("state", "in", ["succeeded", "failed"])
      .where("dueAt", "<", dueAt)
      .orderBy("dueAt", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? null : storedRun(row);
  }

  /** When each image was last tried in a drill of this policy. */
  async lastDrills(policyId: string): Promise<Map<string, string>> {
    const rows = await this.#database
      .selectFrom("policyRunItem as item")
      .innerJoin("policyRun as run", "run.id", "item.runId")
      .select(["item.image", ({ fn }) => fn.max("item.endedAt").as("at")])
      .where("run.policyId", "=", policyId)
      .where("item.kind", "=", "drill")
      .where("item.endedAt", "is not", null)
      .groupBy("item.image")
      .execute();
    return new Map(rows.flatMap(({ image, at }) => (image === null || at === null ? [] : [[image, at]])));
  }

  /** The drills of a policy, or of all, newest first. */
  async drills(policyId: string | null, limit: number): Promise<(RunItem & { policyId: string })[]> {
    let query = this.#database
      .selectFrom("policyRunItem as item")
      .innerJoin("policyRun as run", "run.id", "item.runId")
      .selectAll("item")
      .select("run.policyId")
      .where("item.kind", "=", "drill")
      .where("item.state", "in", ["succeeded", "failed"])
      .orderBy("item.endedAt", "desc")
      .limit(limit);
    if (policyId !== null) query = query.where("run.policyId", "=", policyId);
    return (await query.execute()).map((row) => ({ ...storedItem(row), policyId: row.policyId }));
  }

  async #counted(runs: readonly PolicyRun[]): Promise<CountedRun[]> {
    const ids = runs.map(({ id }) => id);
    const rows =
      ids.length === 0
        ? []
        : await this.#database
            .selectFrom("policyRunItem")
            .select(["runId", "state", sql<number>`count(*)`.as("count")])
            .where("runId", "in", ids)
            .where("kind", "<>", "prune")
            .groupBy(["runId", "state"])
            .execute();
    const byRun = Map.groupBy(rows, ({ runId }) => runId);
    return runs.map((run) => {
      const counts: ItemCounts = { total: 0, succeeded: 0, failed: 0, skipped: 0 };
      for (const { state, count } of byRun.get(run.id) ?? []) {
        const number = Number(count);
        counts.total += number;
        if (state === "succeeded") counts.succeeded += number;
        if (state === "skipped") counts.skipped += number;
        if (state === "failed" || state === "canceled") counts.failed += number;
      }
      return { ...run, counts };
    });
  }
}

function storedPolicy(row: Selectable<PolicyTable>): Policy {
  return {
    id: row.id,
    definition: policyDefinition.parse(JSON.parse(row.definition)),
    paused: row.paused === 1,
    createdAt: Date.parse(row.createdAt),
    updatedAt: Date.parse(row.updatedAt),
    since: {
      backup: Date.parse(row.backupSince),
      verify: Date.parse(row.verifySince),
      drill: Date.parse(row.drillSince),
    },
  };
}

function columnsOf({ id, definition, paused, createdAt, updatedAt, since }: Policy) {
  const [backupSince, verifySince, drillSince] = JOBS.map((job) => isoTime(since[job]));
  return {
    id,
    name: definition.name,
    cluster: definition.cluster,
    definition: JSON.stringify(definition),
    paused: paused ? 1 : 0,
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
    backupSince: backupSince ?? "",
    verifySince: verifySince ?? "",
    drillSince: drillSince ?? "",
  };
}

function storedRun(row: Selectable<PolicyRunTable>): PolicyRun {
  return policyRun.parse(row);
}

function storedItem(row: Selectable<PolicyRunItemTable>): RunItem {
  const { error, bytes, ...rest } = row;
  return runItem.parse({
    ...rest,
    kind: itemKind.parse(row.kind),
    state: itemState.parse(row.state),
    bytes: bytes === null ? null : Number(bytes),
    error: error === null ? null : JSON.parse(error),
  });
}

function itemColumns({ error, ...item }: RunItem) {
  return { ...item, error: error === null ? null : JSON.stringify(error) };
}
