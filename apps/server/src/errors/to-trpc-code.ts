import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
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
  SHUTTING_DOWN: "SERVICE_UNAVAILABLE",
  INTERNAL: "INTERNAL_SERVER_ERROR",
};

const CODES: ReadonlyMap<string, TRPC_ERROR_CODE_KEY> = new Map(Object.entries(SERVER_CODES));

/** The tRPC code, and with it the HTTP status, for one of our codes; `otherwise` for one that is not ours. */
export function toTrpcCode(code: string, otherwise: TRPC_ERROR_CODE_KEY): TRPC_ERROR_CODE_KEY {
  return CODES.get(code) ?? otherwise;
}
