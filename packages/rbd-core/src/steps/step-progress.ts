/** What the figures of a progress count. */
export type ProgressUnit = "steps" | "bytes" | "objects";

/** How far an operation of several steps is. */
export interface StepProgress<Phase extends string> {
  /** What is being done. `undo`: it failed or was aborted, and what had been made is being taken back. */
  phase: Phase | "undo";
  /** Which step this is, from 1. */
  step: number;
  /** How many steps there will be; one that turns out not to be needed is left out from the start. */
  steps: number;
  /** Of this step. */
  done: number;
  /** Of this step; 0 until it is known. */
  total: number;
  unit: ProgressUnit;
}

/** What every operation takes. */
export interface FlowOptions<Phase extends string> {
  /**
   * Aborting takes back what was made and rejects with the signal's reason. A change that is under way is finished
   * first, except flattening and copying data, which stop.
   */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: StepProgress<Phase>) => void) | undefined;
}
