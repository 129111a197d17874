import type { ZodType } from "zod";
import type { TaskKind, TaskResult, TaskUnit } from "./task-view.ts";

/** What a task's work is given to work with. */
export interface TaskRun {
  /** Aborts when the task is canceled or the server shuts down: undo what is half made, then throw its reason. */
  readonly signal: AbortSignal;
  /** Begins a named part of the work; progress counts from zero again. */
  phase(name: string, unit?: TaskUnit): void;
  /** May be called as often as it is convenient. */
  progress(done: number, total?: number | null): void;
  log(text: string): void;
}

/** One kind of long work. */
export interface TaskHandler<Input> {
  readonly kind: TaskKind;
  /** What is stored, so that a queued task outlives a restart. Must be plain JSON. */
  readonly input: ZodType<Input>;
  /** How many of this kind run at once. */
  readonly concurrency: number;
  /** One line for lists: "Clone rbd/a to rbd/b". */
  title(input: Input): string;
  /** What the task works on: "rbd/b". */
  object(input: Input): string;
  run(input: Input, run: TaskRun): Promise<TaskResult>;
  /** For a task cut off by the death of the server: what may be there in part, and what to do about it. */
  afterCrash(input: Input): { message: string; hint: string; object: string };
}
