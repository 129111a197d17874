export {
  CoppiceError,
  type CoppiceErrorCode,
  type CoppiceErrorOptions,
  errorCodes,
} from "./coppice-error.ts";
export { hasCode, toCoppiceError, withCoppiceErrors } from "./with-coppice-errors.ts";
