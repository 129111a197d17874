import type { ZodType } from "zod";
import type { TaskObject, TaskUnit } from "./task.ts";

/** What a task's work is given to work with. */
export interface TaskRun {
  /**
   * Stores the RADOS client on which the work is done from now on, before its first change: should the task be cut off,
   * the client tells what it made, and which operation it left.
   */
  worksAs(client: string): Promise<void>;
  /** Aborts when the task is canceled or the server shuts down: undo what is half made, then throw its reason. */
  readonly signal: AbortSignal;
  /** Begins a named part of the work; progress counts from zero again. */
  phase(name: string, unit?: TaskUnit): void;
  /** May be called as often as it is convenient. */
  progress(done: number, total?: number | null): void;
  log(text: string): void;
}

/** For a task that was cut off by the death of the server: what may exist in part, and what to do about it. */
interface Aftermath {
  message: string;
  hint: string;
  object: string | null;
}

/**
 * One kind of long work. `Services` is what it works with, such as the connections to the clusters; a kind itself
 * holds no state.
 */
export interface TaskKind<Input, Result extends { kind: string }, Services> {
  readonly kind: Result["kind"];
  /** What is stored, so that a queued task outlives a restart. Must be plain JSON. */
  readonly input: ZodType<Input>;
  /**
   * What is stored and sent when the task has succeeded. Must be plain JSON. Results of older versions are read too: a
   * new field is optional, or comes with a migration.
   */
  readonly result: ZodType<Result>;
  /** How many of this kind run at once. */
  concurrency(services: Services): number;
  /** One line for people: "Clone rbd/a to rbd/b". */
  title(input: Input): string;
  /** What the task makes or changes. */
  object(input: Input): TaskObject;
  /** What else takes part: the source of a clone. */
  related(input: Input): TaskObject[];
  run(input: Input, task: TaskRun, services: Services): Promise<Result>;
  afterCrash(input: Input): Aftermath;
  /** For a kind whose work stands under an operation record and that calls `worksAs`: how its outcome is found out. */
  readonly recorded?: {
    /** Of the operation on the task's object; several for a kind whose input decides. */
    readonly purpose: string | readonly string[];
    /** What became of a task that was cut off by what stands on the cluster, when no record of its operation is left. */
    examine(input: Input, client: string, services: Services): Promise<TaskOutcome>;
  };
}

/** What became of a task that was cut off. */
export interface TaskOutcome {
  /** `unfinished`: something half made is still there, and it is tried again. */
  readonly outcome: "finished" | "undone" | "unfinished";
  /** What stands on the cluster now; one sentence without a full stop. */
  readonly what: string;
}

/** A kind that checks the stored input itself, so that the runner need not know its type. */
export interface RunnableKind {
  readonly kind: string;
  readonly concurrency: number;
  run(input: unknown, task: TaskRun): Promise<{ kind: string }>;
  afterCrash(input: unknown): Aftermath;
  readonly recorded: {
    readonly purposes: readonly string[];
    examine(input: unknown, client: string): Promise<TaskOutcome>;
  } | null;
}

export function runnableKind<Input, Result extends { kind: string }, Services>(
  kind: TaskKind<Input, Result, Services>,
  services: Services,
): RunnableKind {
  const { recorded } = kind;
  return {
    kind: kind.kind,
    recorded:
      recorded === undefined
        ? null
        : {
            purposes: [recorded.purpose].flat(),
            examine: async (input, client) => recorded.examine(kind.input.parse(input), client, services),
          },
    concurrency: kind.concurrency(services),
    run: async (input, task) => kind.run(kind.input.parse(input), task, services),
    afterCrash(input) {
      const parsed = kind.input.safeParse(input);
      if (parsed.success) return kind.afterCrash(parsed.data);
      return unknownAftermath;
    },
  };
}

/** For a task that this version of the server cannot read. */
export const unknownAftermath: Aftermath = {
  message: "The server stopped while this was running. What it had made until then may still exist.",
  hint: "Check the images it worked on before you start it again.",
  object: null,
};
