import { CoppiceError } from "../errors/index.ts";

interface UndoStep {
  what: string;
  undo: () => Promise<void>;
}

/**
 * What an operation has made so far, and how to take each back.
 *
 * A step is noted *before* the call that makes the thing: a call can fail after it took effect (a lost answer,
 * a time-out), so `undo` must look whether there is anything to take back, and be content when there is not.
 */
export class UndoLog {
  readonly #steps: UndoStep[] = [];

  /** @param what names the thing for a person, as in "the snapshot rbd/vm-1@x" */
  note(what: string, undo: () => Promise<void>): void {
    this.#steps.push({ what, undo });
  }

  /** Nothing is to be taken back. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** Forgets the newest step: it turned out not to be this operation's own. */
  forgetLast(): void {
    this.#steps.pop();
  }

  /**
   * Takes everything back, newest first, then throws `cause`. A step that fails does not keep the others from
   * being tried.
   *
   * @throws `cause` when all could be taken back; otherwise {@link CoppiceError} `UNDO_FAILED` with `left`
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
