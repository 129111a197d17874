import type { AppRouter, ImageListRow } from "@coppice/server/router";
import type { TRPCClient, TRPCClientErrorLike } from "@trpc/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { expectTypeOf, test } from "vitest";

type In = inferRouterInputs<AppRouter>;
type Out = inferRouterOutputs<AppRouter>;

test("the built router type carries inputs, outputs and the typed error to the client", () => {
  expectTypeOf<Out["images"]["list"]["rows"]>().toEqualTypeOf<ImageListRow[]>();
  expectTypeOf<In["clone"]["start"]>().toEqualTypeOf<{ cluster: string; source: string; target: string }>();
  expectTypeOf<TRPCClient<AppRouter>["session"]["me"]["query"]>().returns.resolves.toHaveProperty("user");
  type ErrorData = NonNullable<TRPCClientErrorLike<AppRouter>["data"]>;
  expectTypeOf<ErrorData["coppice"]["hint"]>().toEqualTypeOf<string | null>();
});
