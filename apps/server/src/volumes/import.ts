import type { Readable } from "node:stream";
import { CoppiceError, type ImportPhase, importTemplate, showImageSpec } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { within } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskRun } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { openDownload, parseDownloadUrl, shownUrl } from "./download.ts";
import { checkFree, halfMade, imageOnly, makes, reportSteps, workOn } from "./volume-task.ts";

const CONCURRENCY = 4;

/** A source that sends nothing for so long is given up. */
const SILENCE_MS = 60_000;

const common = {
  cluster: clusterId,
  /** The template: `pool/[namespace/]image` that does not exist yet. */
  target: typedSpec,
  /** What the file must have, in hex. */
  sha256: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")
    .optional(),
};
const fromUrl = z.object({ kind: z.literal("url"), url: z.string().trim().min(1).max(4096) });
/** Bytes. The file must have exactly as many. */
const fileSize = z.int().min(1);

const importInput = z.object({
  ...common,
  source: z.discriminatedUnion("kind", [fromUrl, z.object({ kind: z.literal("upload"), size: fileSize })]),
});

const taskInput = z.object({
  ...common,
  source: z.discriminatedUnion("kind", [
    fromUrl,
    z.object({ kind: z.literal("upload"), size: fileSize, upload: z.uuid() }),
  ]),
});

const startedImport = queuedTask.extend({
  /** Where the file is sent to, as the body of a PUT; null for a download. */
  upload: z.string().nullable(),
});

const importResult = z.object({
  kind: z.literal("import-template"),
  /** Spec of the template's image. */
  target: z.string(),
  /** Spec of the snapshot that disks are cloned from. */
  snapshot: z.string(),
  /** Bytes of the disk. */
  size: z.number(),
  /** Bytes that are not zero, and were written. */
  written: z.number(),
  format: z.enum(["raw", "qcow2"]),
  /** Of the file as it came. */
  sha256: z.string(),
});

type TaskInput = z.output<typeof taskInput>;

/** `volumes.import` of the API. */
export function importRouter({ clusters, imports }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** What an import may be, for the dialog. */
    limits: operatorProcedure
      .input(z.object({ cluster: clusterId }))
      .output(z.object({ maxBytes: z.number(), allowPrivate: z.boolean() }))
      .query(({ input }) => {
        clusters.get(input.cluster);
        return { maxBytes: imports.maxBytes, allowPrivate: imports.allowPrivate };
      }),

    /**
     * Queues the import of a disk, raw or qcow2, as a template. A file that is uploaded is then sent to `upload`; the import
     * waits for it for a minute.
     */
    start: operatorProcedure
      .input(importInput)
      .output(startedImport)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.target;
        const target = imageOnly(input.target);
        const { source } = input;
        if (source.kind === "url") parseDownloadUrl(source.url, imports);
        else if (source.size > imports.maxBytes) throw tooLarge(source.size, imports.maxBytes);
        await clusters.get(input.cluster).ask((cluster) => checkFree(cluster, target, signal));
        if (source.kind === "url") {
          const taskId = await runner.enqueue(importTask, { ...input, target, source }, ctx.user);
          return { taskId, upload: null };
        }
        const upload = imports.uploads.expect(ctx.user.id);
        const started = { ...input, target, source: { ...source, upload } };
        return {
          taskId: await runner.enqueue(importTask, started, ctx.user),
          upload: `/api/uploads/${upload}`,
        };
      }),
  });
}

function tooLarge(size: number, most: number): ServerError {
  return new ServerError(
    "INVALID_INPUT",
    `The file has ${size} bytes, and at most ${most} may be imported.`,
    {
      hint: "An administrator can raise the limit with COPPICE_IMPORT_MAX_GIB.",
    },
  );
}

const PHASES: Record<ImportPhase | "undo", string> = {
  receive: "Receiving the file",
  convert: "Converting the disk to raw",
  create: "Creating the image",
  write: "Writing the disk",
  snapshot: "Creating the template's snapshot",
  protect: "Protecting the template's snapshot",
  undo: "Undoing",
};

/** Importing a disk as a task. */
export const importTask: TaskKind<TaskInput, z.output<typeof importResult>, OperationServices> = {
  kind: "import-template",
  input: taskInput,
  result: importResult,
  concurrency: () => CONCURRENCY,
  title: ({ target, source }) =>
    source.kind === "upload"
      ? `Import ${target} from a file`
      : `Import ${target} from ${shownText(source.url)}`,
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: () => [],

  async run({ cluster: id, target, source, sha256 }, task, services) {
    const { imports, clock } = services;
    using disk = await openSource(source, task, services);
    const imported = await workOn(services, id, task, (cluster) =>
      importTemplate(cluster, {
        source: whileFlowing(disk.body, (next) => within(clock, SILENCE_MS, next, silent)),
        target,
        size: disk.size ?? undefined,
        maxSize: imports.maxBytes,
        expected: sha256 === undefined ? undefined : { sha256 },
        signal: task.signal,
        onProgress: reportSteps(task, PHASES),
      }),
    ).catch((error: unknown) => {
      disk.failed(error);
      throw error;
    });
    const { template, size, written, format, sourceDigests } = imported;
    task.log(
      `Imported ${size} bytes from a ${format} disk; ${written} bytes were not zero, and were written.`,
    );
    task.log(
      `The sha256 of the file is ${sourceDigests.sha256}${sha256 === undefined ? "" : ", as expected"}.`,
    );
    return {
      kind: "import-template",
      target,
      snapshot: showImageSpec(template),
      size,
      written,
      format,
      sha256: sourceDigests.sha256,
    };
  },

  afterCrash: ({ target }) => halfMade(target, `${target} was being imported`),
  recorded: makes(),
};

function shownText(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "an address" : shownUrl(parsed);
}

interface OpenSource extends Disposable {
  body: Readable;
  /** Bytes; null when it is not known. */
  size: number | null;
  /** Tells whoever sends the file why it is not read any more. */
  failed(error: unknown): void;
}

async function openSource(
  source: TaskInput["source"],
  task: TaskRun,
  { imports }: OperationServices,
): Promise<OpenSource> {
  const { signal } = task;
  if (source.kind === "url") {
    task.phase("Asking for the file");
    const url = parseDownloadUrl(source.url, imports);
    const download = await openDownload(url, { allowPrivate: imports.allowPrivate, signal });
    return { ...download, failed: () => {} };
  }
  task.phase("Waiting for the file");
  const upload = await imports.uploads.take(source.upload, signal);
  return { ...upload, size: source.size };
}

/**
 * Passes a stream on, and gives up when nothing comes for a while. The stream is not destroyed when the reader stops: whoever
 * sends it may be given an answer first.
 */
async function* whileFlowing(
  body: Readable,
  patience: <T>(next: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces: AsyncIterator<Uint8Array> = body.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await patience(pieces.next());
    if (next.done === true) return;
    yield next.value;
  }
}

function silent(): Error {
  return new CoppiceError({
    code: "TIMED_OUT",
    call: "importTemplate",
    message: `nothing was received for ${SILENCE_MS / 1000} seconds`,
    hint: "Check the connection, and import again from the start.",
  });
}
