export { type ListOperationsOptions, listOperations, type OperationInfo } from "./list-operations.ts";
export { type HeldLock, lockObject } from "./object-lock.ts";
export { beginOperation, type Operation, type OperationRequest } from "./operation.ts";
export {
  isIdMadeBy,
  type OperationRecord,
  operationKey,
  type RecordedOperation,
  readOperations,
} from "./operation-record.ts";
export {
  breakDeadLock,
  findImage,
  imageIsUsed,
  removeOwnImage,
  removeOwnTrash,
  type StandingImage,
  waitForDeadClients,
} from "./own-image.ts";
export {
  type Recover,
  type RecoverOptions,
  type Recovery,
  recoverLeftovers,
  registerRecovery,
} from "./recovery.ts";
export { type RetryOptions, retryOnSourceChanged, retryWhileBusy } from "./retry.ts";
export {
  type Advance,
  type FlowOptions,
  type ProgressUnit,
  type StepProgress,
  StepRunner,
} from "./step-runner.ts";
export { UndoLog } from "./undo-log.ts";
