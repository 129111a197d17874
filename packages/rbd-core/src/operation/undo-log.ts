import { CoppiceError } from "../errors/index.ts";

interface UndoStep {
  what: string;
  undo: () => Promise<void>;
}

/**
 * What an operation has made so far, and how to undo each change.
 *
 * A change is noted *before* the call that makes it: a call can fail after it took effect (a lost answer, a time-out). So
 * `undo` must check whether there is anything to undo, and succeed when there is not.
 */
export class UndoLog {
  readonly #steps: UndoStep[] = [];

  /** @param what Names what is made, for the user: "the snapshot rbd/vm-1@x". */
  note(what: string, undo: () => Promise<void>): void {
    this.#steps.push({ what, undo });
  }

  /** Whether there is nothing to undo. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** Forgets the newest change: another client made it. */
  forgetLast(): void {
    this.#steps.pop();
  }

  /**
   * Undoes everything, newest first, then throws `cause`. The undo of one change is tried even when that of another fails.
   *
   * @throws `cause` when everything was undone; otherwise {@link CoppiceError} `UNDO_FAILED` with `left`
   */
  async undoAndThrow(cause: unknown, call: string): Promise<never> {
    const left: string[] = [];
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        left.push(`${step.what} (${textOf(error)})`);
        failures.push(error);
      }
    }
    if (left.length === 0) throw cause;
    throw new CoppiceError({
      code: "UNDO_FAILED",
      call,
      message: `${textOf(cause)}. Undoing it failed too, and this may be left: ${left.join("; ")}`,
      hint: "Remove what is left by hand, in this order, once the cluster answers again.",
      left,
      cause: new AggregateError([cause, ...failures], "the failure, and what failed while undoing it"),
    });
  }
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
