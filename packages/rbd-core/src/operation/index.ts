export { breakDeadLock, fenceDeadClient } from "./fence-dead-client.ts";
export {
  type ListOperationsOptions,
  listOperations,
  listPlaces,
  type OperationInfo,
  toInfo,
} from "./list-operations.ts";
export { lockObject } from "./object-lock.ts";
export { beginOperation, type Operation, type OperationRequest } from "./operation.ts";
export {
  isIdMadeBy,
  type RecordedOperation,
  readOperation,
  readOperations,
} from "./operation-record.ts";
export { isKnownDead, processIdentitySchema, thisProcess } from "./process-identity.ts";
export {
  type Recover,
  type RecoverOptions,
  type Recovery,
  recoverLeftovers,
  useRecoveries,
} from "./recover.ts";
export { type RetryOptions, retryOnSourceChanged, retryWhileBusy } from "./retry.ts";
export {
  type Advance,
  type FlowOptions,
  type ProgressUnit,
  type StepProgress,
  StepRunner,
} from "./step-runner.ts";
export { UndoLog } from "./undo-log.ts";
