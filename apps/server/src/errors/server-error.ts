import type { UserError } from "./user-error.ts";

/** What can go wrong in the server itself, beside what the SDK reports. */
export type ServerErrorCode =
  | "NOT_SIGNED_IN"
  | "ROLE_MISSING"
  | "FOREIGN_ORIGIN"
  | "INVALID_INPUT"
  | "STALE_CURSOR"
  | "IMAGE_UNKNOWN"
  | "TASK_UNKNOWN"
  | "TASK_ENDED"
  | "CLUSTER_UNREACHABLE"
  | "INVENTORY_NOT_READY"
  | "SHUTTING_DOWN"
  | "INTERNAL";

/** An error the server raises on purpose. The message says what is wrong, the hint what to do. */
export class ServerError extends Error implements UserError {
  readonly code: ServerErrorCode;
  readonly hint: string | null;
  readonly object: string | null;

  constructor(
    code: ServerErrorCode,
    message: string,
    details: { hint?: string; object?: string; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ServerError";
    this.code = code;
    this.hint = details.hint ?? null;
    this.object = details.object ?? null;
  }
}
