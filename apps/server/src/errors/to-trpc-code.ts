import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import { type CoppiceErrorCode, type FormatErrorCode, formatErrorCodes } from "rbd-core";
import type { ServerErrorCode } from "./server-error.ts";

const SERVER_CODES: Record<ServerErrorCode, TRPC_ERROR_CODE_KEY> = {
  NOT_SIGNED_IN: "UNAUTHORIZED",
  ROLE_MISSING: "FORBIDDEN",
  FOREIGN_ORIGIN: "FORBIDDEN",
  INVALID_INPUT: "BAD_REQUEST",
  STALE_CURSOR: "BAD_REQUEST",
  IMAGE_UNKNOWN: "NOT_FOUND",
  TASK_UNKNOWN: "NOT_FOUND",
  TASK_ENDED: "CONFLICT",
  CLUSTER_UNREACHABLE: "SERVICE_UNAVAILABLE",
  INVENTORY_NOT_READY: "SERVICE_UNAVAILABLE",
  SHUTTING_DOWN: "SERVICE_UNAVAILABLE",
  INTERNAL: "INTERNAL_SERVER_ERROR",
};

/** What Ceph refuses the server is not what the server refuses a person: PERMISSION_DENIED is no FORBIDDEN. */
const SDK_CODES: Record<CoppiceErrorCode, TRPC_ERROR_CODE_KEY> = {
  INVALID_NAME: "BAD_REQUEST",
  INVALID_ARGUMENT: "BAD_REQUEST",
  OUT_OF_RANGE: "BAD_REQUEST",
  NAME_TOO_LONG: "BAD_REQUEST",
  NOT_FOUND: "NOT_FOUND",
  EXISTS: "CONFLICT",
  BUSY: "CONFLICT",
  NOT_EMPTY: "CONFLICT",
  IN_GROUP: "CONFLICT",
  SOURCE_CHANGED: "CONFLICT",
  NOT_A_COPY: "CONFLICT",
  LEASE_LOST: "CONFLICT",
  MISMATCH: "CONFLICT",
  UNSUPPORTED: "PRECONDITION_FAILED",
  PERMISSION_DENIED: "PRECONDITION_FAILED",
  READ_ONLY: "PRECONDITION_FAILED",
  NO_SPACE: "PRECONDITION_FAILED",
  QUOTA_EXCEEDED: "PRECONDITION_FAILED",
  TIMED_OUT: "GATEWAY_TIMEOUT",
  CANCELED: "CLIENT_CLOSED_REQUEST",
  CLOSED: "SERVICE_UNAVAILABLE",
  SHUTDOWN: "SERVICE_UNAVAILABLE",
  BLOCKLISTED: "SERVICE_UNAVAILABLE",
  UNDO_FAILED: "INTERNAL_SERVER_ERROR",
  OUT_OF_MEMORY: "INTERNAL_SERVER_ERROR",
  IO: "BAD_GATEWAY",
  UNKNOWN: "BAD_GATEWAY",
};

/** Bytes that are not what their format asks for: whoever sent them can mend it. */
const FORMAT_CODES = Object.fromEntries(
  formatErrorCodes.map((code): [FormatErrorCode, TRPC_ERROR_CODE_KEY] => [code, "BAD_REQUEST"]),
);

const CODES: ReadonlyMap<string, TRPC_ERROR_CODE_KEY> = new Map(
  Object.entries({ ...FORMAT_CODES, ...SERVER_CODES, ...SDK_CODES }),
);

/** The tRPC code, and with it the HTTP status, for one of our codes; `otherwise` for one that is not ours. */
export function toTrpcCode(code: string, otherwise: TRPC_ERROR_CODE_KEY): TRPC_ERROR_CODE_KEY {
  return CODES.get(code) ?? otherwise;
}
