import { z } from "zod";
import { toUserError } from "../base/errors.ts";

/** The input of a procedure that takes none. */
export const noInput = z.object({}).default({});

/** The configured name of a cluster, a slug: "ceph". It is known while the cluster is down, which its fsid is not. */
export const clusterId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be a cluster's id, such as ceph");

/** An image spec as a person types it; the SDK's parser decides whether it is one. */
export const typedSpec = z.string().trim().min(1).max(1024);

/** The answer of a procedure that queues a task. */
export const queuedTask = z.object({ taskId: z.uuid() });

/** An error as it is shown inside a row or a list. */
export const rowErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

export type RowError = z.output<typeof rowErrorSchema>;

export function rowError(error: unknown): RowError {
  const { code, message, hint } = toUserError(error);
  return { code, message, hint };
}
