import { formatImageSpec, importCinderChain, parseImageSpec, type TransferProgress } from "rbd-core";
import { z } from "zod";
import { clusterId, typedSpec } from "../api/schemas.ts";
import { ServerError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { reportTransfer } from "./backup-task.ts";

/** What is asked for: the import of one chain that OpenStack Cinder made. */
export const importRequest = z.object({
  /** The id of a target that is a pool. */
  target: z.uuid(),
  /** The name of the chain's image. */
  chain: z.string().min(1).max(4096),
  /** The image that was backed up, if it is still there. Without it the chain cannot be extended. */
  source: z.object({ cluster: clusterId, image: typedSpec }).optional(),
});

const importInput = importRequest.extend({
  /** Where the chain's image is. */
  place: z.object({ cluster: clusterId, pool: z.string(), namespace: z.string() }),
});

const importResult = z.object({
  kind: z.literal("import-cinder"),
  chain: z.string(),
  target: z.object({ id: z.uuid(), name: z.string() }),
  /** The ids of the backups that were imported, oldest first. */
  imported: z.array(z.string()),
  /** Why the next backup cannot be an increment; null when it can. */
  notExtensible: z.string().nullable(),
});

export type ImportRequest = z.output<typeof importRequest>;
export type ImportCinderTaskResult = z.output<typeof importResult>;

/** Queues an import. @returns the task's id. @throws {ServerError} `TARGET_UNKNOWN`, `INVALID_INPUT` for a directory */
export async function queueImport(
  { backups }: OperationServices,
  runner: TaskRunner,
  request: ImportRequest,
  user: { id: string; username: string },
): Promise<string> {
  const { settings, name } = await backups.targets.get(request.target);
  if (settings.kind === "directory") {
    throw new ServerError("INVALID_INPUT", `The target ${name} is a directory, where Cinder has no chains.`, {
      hint: "Choose the target of the pool that the chain is in.",
      object: name,
    });
  }
  const { cluster, pool, namespace } = settings;
  const { source } = request;
  const image = source && { ...source, image: formatImageSpec(parseImageSpec(source.image)) };
  return await runner.enqueue(
    importTask,
    { ...request, source: image, place: { cluster, pool, namespace } },
    user,
  );
}

const PHASES: Record<TransferProgress["phase"], string> = {
  planning: "Finding what each backup changed",
  copying: "Reading the backups",
  verifying: "Reading the backups",
  finishing: "Finishing",
};

/** Making the backups of a chain of Cinder's known, as a task. */
export const importTask: TaskKind<z.output<typeof importInput>, ImportCinderTaskResult, OperationServices> = {
  kind: "import-cinder",
  input: importInput,
  result: importResult,
  concurrency: () => 1,
  title: ({ chain }) => `Import the backups of Cinder in ${chain}`,
  object: ({ place: { cluster, pool, namespace }, chain }) =>
    imageObject(cluster, [pool, namespace, chain].filter((part) => part !== "").join("/")),
  related: ({ source }) => (source === undefined ? [] : [imageObject(source.cluster, source.image)]),

  async run({ target: targetId, chain, source, place }, task, { clusters, backups }) {
    task.phase("Reading the chain");
    const { name } = await backups.targets.get(targetId);
    try {
      return await clusters.get(place.cluster).use(async (cluster) => {
        const from = source && {
          cluster: await clusters.get(source.cluster).whenOpen(),
          image: source.image,
        };
        const { imported, notExtensible, left } = await importCinderChain(cluster, {
          pool: place.pool,
          namespace: place.namespace,
          chain,
          source: from,
          signal: task.signal,
          onProgress: reportTransfer(task, PHASES),
        });
        if (notExtensible !== null) task.log(`The next backup of the image is a full one: ${notExtensible}.`);
        for (const { id } of left)
          task.log(`The backup ${id} stays as it is: newer ones have records already.`);
        return {
          kind: "import-cinder" as const,
          chain,
          target: { id: targetId, name },
          imported: imported.map(({ id }) => id),
          notExtensible,
        };
      });
    } finally {
      await backups.catalogue.renew(targetId);
    }
  },

  afterCrash: ({ chain }) => ({
    message: `The server stopped while ${chain} was being imported. Backups that were imported until then stay so.`,
    hint: "Start it again: it imports the others.",
    object: chain,
  }),
};
