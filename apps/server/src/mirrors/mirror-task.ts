import {
  abortMirror,
  type Cluster,
  CoppiceError,
  confirmPivot,
  type MirrorProgress,
  mirrorStatus,
  openImage,
  parseImageSpec,
  pivotMirror,
  showImageSpec,
  startMirror,
  syncMirror,
} from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskRun } from "../tasks/task-kind.ts";

const CONCURRENCY = 2;

/** A disk and where it is mirrored, as `pool/[namespace/]image` in canonical form. */
const plannedDisk = z.object({ name: z.string(), source: z.string(), mirror: z.string() });

const action = z.discriminatedUnion("do", [
  z.object({ do: z.literal("start"), label: z.string().nullable(), disks: z.array(plannedDisk).min(1) }),
  z.object({ do: z.literal("sync") }),
  z.object({ do: z.literal("pivot") }),
  z.object({ do: z.literal("confirm"), sources: z.enum(["keep", "trash"]) }),
  z.object({ do: z.literal("abort") }),
]);

const mirrorInput = z.object({
  /** The cluster of the sources. */
  cluster: clusterId,
  /** The cluster of the mirrors. */
  to: clusterId,
  /** What the mirror is called by: `pool/[namespace/]image` of its first disk's mirror. */
  mirror: z.string(),
  action,
});

const mirrorResult = z.object({
  kind: z.literal("mirror"),
  did: z.enum(["start", "sync", "pivot", "confirm", "abort"]),
  target: z.string(),
  /** When the set was taken that is complete now; null when the mirror has ended. */
  takenAt: z.string().nullable(),
  /** Bytes. */
  bytesWritten: z.number(),
  /** What could not be removed, and why. */
  kept: z.array(z.object({ snapshot: z.string(), why: z.string() })),
});

export type MirrorTaskInput = z.output<typeof mirrorInput>;
type MirrorTaskResult = z.output<typeof mirrorResult>;

const TITLES: Record<MirrorTaskInput["action"]["do"], (mirror: string) => string> = {
  start: (mirror) => `Start the mirror ${mirror}`,
  sync: (mirror) => `Synchronise the mirror ${mirror}`,
  pivot: (mirror) => `Pivot to the mirror ${mirror}`,
  confirm: (mirror) => `Confirm the pivot to ${mirror}`,
  abort: (mirror) => `Abort the mirror ${mirror}`,
};

/** Whatever is done with a mirror, as a task. */
export const mirrorTask: TaskKind<MirrorTaskInput, MirrorTaskResult, OperationServices> = {
  kind: "mirror",
  input: mirrorInput,
  result: mirrorResult,
  concurrency: () => CONCURRENCY,
  title: ({ action, mirror }) => TITLES[action.do](mirror),
  object: ({ to, mirror }) => imageObject(to, mirror),
  related: ({ cluster, action }) =>
    action.do === "start" ? action.disks.map(({ source }) => imageObject(cluster, source)) : [],

  async run(input, task, { clusters, inventories }) {
    const { cluster: from, to } = input;
    try {
      return await clusters
        .get(from)
        .use((cluster) => clusters.get(to).use((target) => drive(cluster, target, input, task)));
    } finally {
      inventories.get(from).renew();
      if (to !== from) inventories.get(to).renew();
    }
  },

  afterCrash: ({ mirror, action }) => ({
    message:
      `The server stopped during "${TITLES[action.do](mirror)}". ` +
      "The newest complete set of the mirror is whole, and the disks of the machine were not changed.",
    hint: "Start it again: it goes on with what is there.",
    object: mirror,
  }),
};

async function drive(
  cluster: Cluster,
  target: Cluster,
  { mirror, action }: MirrorTaskInput,
  task: TaskRun,
): Promise<MirrorTaskResult> {
  const { signal } = task;
  const chosen = { mirror, target: { cluster: target }, signal };
  const onProgress = reportDisks(task);
  const ended = { kind: "mirror", did: action.do, target: mirror, takenAt: null, bytesWritten: 0 } as const;
  switch (action.do) {
    case "start": {
      const { pool, namespace } = parseImageSpec(mirror);
      const request = { name: action.label ?? undefined, disks: action.disks };
      const place = { cluster: target, pool, namespace };
      const { complete } = await startMirror(cluster, request, { target: place, signal, onProgress });
      return { ...ended, takenAt: complete?.takenAt.toISOString() ?? null, kept: [] };
    }
    case "sync": {
      const { set, bytesWritten, kept } = await syncMirror(cluster, { ...chosen, onProgress });
      task.log(`${bytesWritten} bytes were written.`);
      return { ...ended, takenAt: set.takenAt.toISOString(), bytesWritten, kept: [...kept] };
    }
    case "pivot": {
      const { disks } = await mirrorStatus(target, { mirror, signal });
      const sources = disks.map(({ source }) => showImageSpec(source));
      const nothing = async () => {};
      const { mirror: pivoted, final } = await pivotMirror(cluster, {
        ...chosen,
        onProgress,
        // Whoever shut the machine down starts it again, from the mirrors.
        quiesce: () => requireClosed(cluster, sources),
        resume: nothing,
        switch: nothing,
      });
      task.log(
        "The machine can be started from the mirrors now. The sources stay until the pivot is confirmed.",
      );
      const takenAt = pivoted.complete?.takenAt.toISOString() ?? null;
      return { ...ended, takenAt, bytesWritten: final?.bytesWritten ?? 0, kept: [...(final?.kept ?? [])] };
    }
    case "confirm": {
      const { trashed, kept } = await confirmPivot(cluster, { ...chosen, sources: action.sources });
      for (const spec of trashed) task.log(`${showImageSpec(spec)} was moved to the trash.`);
      return { ...ended, kept: [...kept] };
    }
    case "abort": {
      const { removed, kept } = await abortMirror(cluster, chosen);
      for (const spec of removed) task.log(`${showImageSpec(spec)} was removed.`);
      return { ...ended, kept: [...kept] };
    }
  }
}

const PHASES: Record<MirrorProgress["phase"], string> = {
  planning: "Looking for changes of",
  copying: "Copying",
  verifying: "Comparing",
  finishing: "Finishing",
};

function reportDisks(task: TaskRun): (progress: MirrorProgress) => void {
  let current = "";
  return ({ phase, disk, disks, done, total }) => {
    const name = `${PHASES[phase]} ${disk} (${disks.done} of ${disks.total})`;
    if (name !== current) task.phase(name, "bytes");
    current = name;
    task.progress(done, total);
  };
}

/** The server cannot stop a machine: it must have been shut down. @throws {CoppiceError} `BUSY` */
async function requireClosed(cluster: Cluster, sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    await using image = await openImage(cluster, source, { readOnly: true });
    if ((await image.listWatchers()).length === 0) continue;
    throw new CoppiceError({
      code: "BUSY",
      call: "pivotMirror",
      object: source,
      message: `${source} is open: its machine still runs`,
      hint: "Shut the machine down, and pivot again. The mirror is up to date, so that it takes a moment.",
    });
  }
}
