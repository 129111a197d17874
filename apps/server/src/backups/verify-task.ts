import { CoppiceError, verifyBackup } from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { subjectObject } from "./services.ts";

export const backupId = z
  .string()
  .max(64)
  .regex(/^[a-z0-9-]+$/, "must be the id of a backup");

/** Which image a backup is of, for the task's object. */
export const backupSubject = z.object({ cluster: clusterId, image: z.string().nullable() });

/** What is asked for: a check of one backup. */
export const verifyRequest = z.object({
  /** The target's id. */
  target: z.uuid(),
  backup: backupId,
  /** `quick`: seconds. `deep`: reads everything. `source`: compares with the source's snapshot, while it is there. */
  depth: z.enum(["quick", "deep", "source"]).default("deep"),
});

const verifyInput = verifyRequest.extend({ subject: backupSubject });

/** What a check found that found no wrong data; otherwise the task fails with `VERIFICATION_FAILED`. */
const verifyResult = z.object({
  kind: z.literal("verify"),
  backup: z.string(),
  target: z.object({ id: z.uuid(), name: z.string() }),
  depth: z.enum(["quick", "deep", "source"]),
  at: z.string(),
  /** Bytes that were read and compared, holes included. */
  bytes: z.number(),
});

export type VerifyRequest = z.output<typeof verifyRequest>;
export type VerifyInput = z.output<typeof verifyInput>;
export type VerifyTaskResult = z.output<typeof verifyResult>;

/** Queues a check. @returns the task's id. @throws {ServerError} `TARGET_UNKNOWN`, `BACKUP_UNKNOWN`, `CLUSTER_UNREACHABLE` */
export async function queueVerify(
  { backups }: OperationServices,
  runner: TaskRunner,
  request: VerifyRequest,
  user: { id: string; username: string },
): Promise<string> {
  const subject = backups.subjectOf(await backups.find(request.target, request.backup));
  return await runner.enqueue(verifyTask, { ...request, subject }, user);
}

const WORDS = { quick: "quickly", deep: "in depth", source: "against its source" } as const;

/** Checking a backup, as a task. */
export const verifyTask: TaskKind<VerifyInput, VerifyTaskResult, OperationServices> = {
  kind: "verify",
  input: verifyInput,
  result: verifyResult,
  concurrency: ({ backups }) => backups.tasks,
  title: ({ backup, subject, depth }) =>
    `Verify the backup ${backup}${subject.image === null ? "" : ` of ${subject.image}`} ${WORDS[depth]}`,
  object: ({ subject }) => subjectObject(subject),
  related: () => [],

  async run({ target: targetId, backup, depth, subject }, task, { clusters, backups }) {
    task.phase(depth === "source" ? "Comparing with the source" : "Reading and comparing", "bytes");
    try {
      return await backups.targets.use(targetId, async (target, { name }) => {
        const source = depth === "source" ? await clusters.get(subject.cluster).whenOpen() : undefined;
        const check = await verifyBackup({
          target,
          backup,
          depth,
          source,
          signal: task.signal,
          onProgress: ({ done, total }) => task.progress(done, total === 0 ? null : total),
        });
        for (const problem of check.problems) task.log(`${problem}.`);
        if (!check.ok) throw damaged(backup, check.problems, check.problemCount);
        return {
          kind: "verify" as const,
          backup,
          target: { id: targetId, name },
          depth,
          at: check.at,
          bytes: check.bytes,
        };
      });
    } finally {
      await backups.catalogue.renew(targetId);
    }
  },

  afterCrash: ({ backup }) => ({
    message: `The server stopped while the backup ${backup} was being verified. A check changes nothing.`,
    hint: "Start it again.",
    object: backup,
  }),
};

function damaged(backup: string, [first = "no details"]: readonly string[], count: number): CoppiceError {
  const others = count > 1 ? ` (the first of ${count} differences)` : "";
  return new CoppiceError({
    code: "VERIFICATION_FAILED",
    call: "verifyBackup",
    object: backup,
    message: `the backup ${backup} does not hold what was backed up: ${first}${others}`,
    hint: "The next automatic backup of the image is a full one. Restore an earlier backup if you need one.",
  });
}
