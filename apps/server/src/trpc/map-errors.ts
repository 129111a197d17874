import { TRPCError } from "@trpc/server";
import { toTrpcCode } from "../errors/to-trpc-code.ts";
import { toUserError } from "../errors/to-user-error.ts";
import { t } from "./init.ts";

/** Gives errors of the SDK and of the server their tRPC code, which becomes the HTTP status; keeps them as the cause. */
export const mapErrors = t.middleware(async ({ next }) => {
  const result = await next();
  if (result.ok || result.error.cause === undefined) return result;
  const { code, message } = toUserError(result.error);
  throw new TRPCError({ code: toTrpcCode(code, result.error.code), message, cause: result.error.cause });
});
