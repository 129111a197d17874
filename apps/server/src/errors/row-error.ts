import type { RowError } from "../procedures/images/list.schema.ts";
import { toUserError } from "./to-user-error.ts";

/** An error as it is shown inside a row or a list. */
export function rowError(error: unknown): RowError {
  const { code, message, hint } = toUserError(error);
  return { code, message, hint };
}
