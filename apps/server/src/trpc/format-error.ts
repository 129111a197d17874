import type { TRPCDefaultErrorShape, TRPCError } from "@trpc/server";
import { toUserError } from "../errors/to-user-error.ts";
import type { UserError } from "../errors/user-error.ts";

/** tRPC's usual error, with `data.coppice`: the code, the sentence, the hint and the object, for the interface to show. */
export type ErrorShape = TRPCDefaultErrorShape & {
  data: TRPCDefaultErrorShape["data"] & { coppice: UserError };
};

/** Turns any error into what the browser may see. An unexpected one says no more than that it happened. */
export function formatError({
  shape,
  error,
}: {
  shape: TRPCDefaultErrorShape;
  error: TRPCError;
}): ErrorShape {
  const coppice = toUserError(error);
  return { ...shape, message: coppice.message, data: { ...shape.data, coppice } };
}
