import { hasCode } from "../errors/index.ts";
import { UndoLog } from "./undo-log.ts";

/** What the figures of a progress count. */
export type ProgressUnit = "steps" | "bytes" | "objects";

/** How far an operation of several steps is. */
export interface StepProgress<Phase extends string> {
  /** The current step. `undo`: a step failed or the signal was aborted, and what had been made is being undone. */
  phase: Phase | "undo";
  /** Which step this is, from 1. */
  step: number;
  /** How many steps there will be; a step that is not needed is not counted. */
  steps: number;
  /** Of this step. */
  done: number;
  /** Of this step; 0 until it is known. */
  total: number;
  unit: ProgressUnit;
}

/** The options of every operation. */
export interface FlowOptions<Phase extends string> {
  /**
   * Aborting undoes what was made and rejects with the signal's reason. A change that is under way is finished first,
   * except flattening and copying data, which stop.
   */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: StepProgress<Phase>) => void) | undefined;
}

/** Reports how far a step is. A total of 0 is not known yet. */
export type Advance = (done: number, total: number) => void;

/**
 * Runs the steps of one operation, one after the other: checks the signal before each, reports progress, and keeps the
 * log of what has to be undone.
 */
export class StepRunner<Phase extends string> {
  readonly undo = new UndoLog();
  readonly #options: FlowOptions<Phase>;
  #steps: number;
  #step = 0;

  /** @param phases The steps that will be run, in order. */
  constructor(phases: readonly Phase[], options: FlowOptions<Phase>) {
    this.#options = options;
    this.#steps = phases.length;
  }

  /** @throws the signal's reason before the step, otherwise what `action` throws */
  async run<T>(
    phase: Phase,
    action: (advance: Advance) => Promise<T>,
    unit: ProgressUnit = "steps",
  ): Promise<T> {
    this.#options.signal?.throwIfAborted();
    const step = ++this.#step;
    const total = unit === "steps" ? 1 : 0;
    let last = { done: 0, total };
    const advance = (done: number, of: number) => {
      last = { done, total: of };
      this.#options.onProgress?.({ phase, step, steps: this.#steps, done, total: of, unit });
    };
    advance(0, total);
    const result = await action(advance);
    const end = last.total === 0 ? last.done : last.total;
    if (last.done !== end) advance(end, end);
    return result;
  }

  /** Changes the number of steps, by a positive or negative count. */
  addSteps(count: number): void {
    this.#steps += count;
  }

  /**
   * Ends an operation: it fails when it was aborted during its last step.
   *
   * @throws the signal's reason
   */
  finish(): void {
    this.#options.signal?.throwIfAborted();
  }

  /**
   * Undoes what was made, and throws. After an abort it throws the signal's reason, whatever the step threw. When the
   * operation's lease was lost nothing is undone.
   *
   * @throws `cause`, the signal's reason, or `UNDO_FAILED`
   */
  async fail(cause: unknown, call: string): Promise<never> {
    const { signal, onProgress } = this.#options;
    let reason = signal?.aborted ? signal.reason : cause;
    // Whoever has taken the operation over finds out what was done, and may be using it.
    if (hasCode(reason, "LEASE_LOST")) throw reason;
    try {
      onProgress?.({ phase: "undo", step: this.#step, steps: this.#steps, done: 0, total: 1, unit: "steps" });
    } catch (error) {
      // A listener that throws must not prevent the undo.
      reason = new AggregateError([reason, error], "the failure, and what the progress listener threw");
    }
    return this.undo.undoAndThrow(reason, call);
  }
}
