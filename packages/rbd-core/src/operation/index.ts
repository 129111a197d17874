export { type HeldLock, lockObject } from "./object-lock.ts";
export { type RetryOptions, retryOnSourceChanged, retryWhileBusy } from "./retry.ts";
export {
  type Advance,
  type FlowOptions,
  type ProgressUnit,
  type StepProgress,
  StepRunner,
} from "./step-runner.ts";
export { UndoLog } from "./undo-log.ts";
