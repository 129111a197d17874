import { TRPCError } from "@trpc/server";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import {
  CoppiceError,
  type CoppiceErrorCode,
  FormatError,
  type FormatErrorCode,
  formatErrorCodes,
} from "rbd-core";
import { prettifyError, ZodError } from "zod";

/** An error in words for a person: what went wrong, and what to do next. */
export interface UserError {
  /** From one of the SDK's closed sets, or one of the server's own (`ServerErrorCode`). */
  code: string;
  message: string;
  hint: string | null;
  /** The image, snapshot, pool or task it happened on. */
  object: string | null;
}

/** What can go wrong in the server itself, in addition to the codes of the SDK. */
type ServerErrorCode =
  | "NOT_SIGNED_IN"
  | "ROLE_MISSING"
  | "SESSION_NEEDED"
  | "FOREIGN_ORIGIN"
  | "INVALID_INPUT"
  | "STALE_CURSOR"
  | "CLUSTER_UNKNOWN"
  | "IMAGE_UNKNOWN"
  | "TASK_UNKNOWN"
  | "TASK_ENDED"
  | "TARGET_UNKNOWN"
  | "TARGET_EXISTS"
  | "BACKUP_UNKNOWN"
  | "TASK_NOT_ENDED"
  | "PLAN_CHANGED"
  | "NOT_AGREED"
  | "BLOCKED"
  | "UPLOAD_UNKNOWN"
  | "DOWNLOAD_FAILED"
  | "USER_UNKNOWN"
  | "USERNAME_TAKEN"
  | "USER_DISABLED"
  | "LAST_ADMIN"
  | "PASSWORD_EXISTS"
  | "SESSION_UNKNOWN"
  | "KEY_UNKNOWN"
  | "RUN_IN_PROGRESS"
  | "POLICY_UNKNOWN"
  | "POLICY_EXISTS"
  | "CHANNEL_UNKNOWN"
  | "CHANNEL_EXISTS"
  | "NOT_DELIVERED"
  | "SECRET_UNREADABLE"
  | "CLUSTER_UNREACHABLE"
  | "INVENTORY_NOT_READY"
  | "SHUTTING_DOWN"
  | "INTERNAL";

/** An error that the server raises on purpose. The message says what is wrong, the hint what to do next. */
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

/**
 * The sentence, hint and code to show for `error`. An error that was not raised on purpose becomes `INTERNAL` without
 * its text, which belongs in the server's log.
 */
export function toUserError(error: unknown): UserError {
  const shown = describeError(error);
  return { ...shown, message: visible(shown.message) };
}

/**
 * Makes the control characters visible that change the direction of text: with them, the name of an image could make a
 * sentence read differently.
 */
export function visible(text: string): string {
  return text.replace(/\p{Bidi_Control}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function describeError(error: unknown): UserError {
  const cause = error instanceof TRPCError && error.cause !== undefined ? error.cause : error;
  if (cause instanceof ServerError) {
    return { code: cause.code, message: cause.message, hint: cause.hint, object: cause.object };
  }
  if (cause instanceof CoppiceError) return fromSdk(cause);
  if (cause instanceof FormatError) {
    const hint =
      "The file is damaged, or is not in the format it was read as. Create it again from its source.";
    return { code: cause.code, message: asSentence(cause.message), hint, object: null };
  }
  if (cause instanceof ZodError) {
    return { code: "INVALID_INPUT", message: prettifyError(cause), hint: null, object: null };
  }
  if (error instanceof TRPCError && error.code !== "INTERNAL_SERVER_ERROR") {
    if (cause instanceof SyntaxError)
      return { code: "INVALID_INPUT", message: "The input is not valid JSON.", hint: null, object: null };
    return { code: error.code, message: error.message, hint: null, object: null };
  }
  return {
    code: "INTERNAL",
    message: "Something went wrong in the server.",
    hint: "The server's log has the details.",
    object: null,
  };
}

/** The SDK ends its messages with the hint, for people who read them in a terminal. Here they are two fields. */
function fromSdk(error: CoppiceError): UserError {
  const { code, message, hint, left } = error;
  const sentence =
    hint !== undefined && message.endsWith(hint) ? message.slice(0, -hint.length).trim() : message;
  const remains = left.length === 0 ? "" : ` Still there: ${left.join(", ")}.`;
  return { code, message: asSentence(sentence) + remains, hint: hint ?? null, object: error.object ?? null };
}

/** Capitalizes a first word in plain letters and adds the full stop. A name such as rbd/vm-1 is not changed. */
function asSentence(text: string): string {
  const start = /^[a-z]+ /.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

const SERVER_CODES: Record<ServerErrorCode, TRPC_ERROR_CODE_KEY> = {
  NOT_SIGNED_IN: "UNAUTHORIZED",
  ROLE_MISSING: "FORBIDDEN",
  SESSION_NEEDED: "FORBIDDEN",
  FOREIGN_ORIGIN: "FORBIDDEN",
  INVALID_INPUT: "BAD_REQUEST",
  STALE_CURSOR: "BAD_REQUEST",
  CLUSTER_UNKNOWN: "NOT_FOUND",
  IMAGE_UNKNOWN: "NOT_FOUND",
  TASK_UNKNOWN: "NOT_FOUND",
  TASK_ENDED: "CONFLICT",
  TARGET_UNKNOWN: "NOT_FOUND",
  TARGET_EXISTS: "CONFLICT",
  BACKUP_UNKNOWN: "NOT_FOUND",
  TASK_NOT_ENDED: "CONFLICT",
  PLAN_CHANGED: "CONFLICT",
  NOT_AGREED: "CONFLICT",
  BLOCKED: "CONFLICT",
  UPLOAD_UNKNOWN: "NOT_FOUND",
  DOWNLOAD_FAILED: "BAD_GATEWAY",
  USER_UNKNOWN: "NOT_FOUND",
  USERNAME_TAKEN: "CONFLICT",
  USER_DISABLED: "CONFLICT",
  LAST_ADMIN: "CONFLICT",
  PASSWORD_EXISTS: "CONFLICT",
  SESSION_UNKNOWN: "NOT_FOUND",
  KEY_UNKNOWN: "NOT_FOUND",
  RUN_IN_PROGRESS: "CONFLICT",
  POLICY_UNKNOWN: "NOT_FOUND",
  POLICY_EXISTS: "CONFLICT",
  CHANNEL_UNKNOWN: "NOT_FOUND",
  CHANNEL_EXISTS: "CONFLICT",
  NOT_DELIVERED: "BAD_GATEWAY",
  SECRET_UNREADABLE: "PRECONDITION_FAILED",
  CLUSTER_UNREACHABLE: "SERVICE_UNAVAILABLE",
  INVENTORY_NOT_READY: "SERVICE_UNAVAILABLE",
  SHUTTING_DOWN: "SERVICE_UNAVAILABLE",
  INTERNAL: "INTERNAL_SERVER_ERROR",
};

/** Ceph refused the server, which is not the server refusing a person: PERMISSION_DENIED is not FORBIDDEN. */
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
  INCOMPLETE: "CONFLICT",
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
  VERIFICATION_FAILED: "BAD_GATEWAY",
  IO: "BAD_GATEWAY",
  UNKNOWN: "BAD_GATEWAY",
};

/** The bytes break the rules of their format: the client that sent them can correct it. */
const FORMAT_CODES = Object.fromEntries(
  formatErrorCodes.map((code): [FormatErrorCode, TRPC_ERROR_CODE_KEY] => [code, "BAD_REQUEST"]),
);

const CODES: ReadonlyMap<string, TRPC_ERROR_CODE_KEY> = new Map(
  Object.entries({ ...FORMAT_CODES, ...SERVER_CODES, ...SDK_CODES }),
);

/** The tRPC code, and with it the HTTP status, of a code of the server or the SDK; `otherwise` for any other. */
export function toTrpcCode(code: string, otherwise: TRPC_ERROR_CODE_KEY): TRPC_ERROR_CODE_KEY {
  return CODES.get(code) ?? otherwise;
}
