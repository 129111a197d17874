"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useRouter, useSearchParams } from "next/navigation";
import { Suspense, useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { Logo } from "#components/page.tsx";
import { Button } from "#components/ui/button.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { queryClient } from "#lib/api.ts";
import { safeNextPath } from "#lib/links.ts";
import { SignInError, signIn } from "./auth-api.ts";

/** The sign-in page. */
export function SignInPage() {
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-84">
        <div className="mb-6 flex flex-col items-center text-center">
          <Logo className="mb-3 size-10 text-brand" />
          <h1 className="font-semibold text-xl tracking-tight">Sign in to Coppice</h1>
          <p className="mt-1 text-ink-2">Clone, back up and see Ceph RBD images</p>
        </div>
        <div className="rounded-xl border border-line bg-surface p-5 shadow-card">
          <Suspense>
            <SignInForm />
          </Suspense>
        </div>
        <p className="mt-4 text-balance text-center text-ink-3 text-xs">
          If you started the server yourself, open the link that it printed to sign in without a password.
        </p>
      </div>
    </main>
  );
}

const schema = z.object({
  username: z.string().trim().min(1, "Enter your username."),
  password: z.string().min(1, "Enter your password."),
});

/** Signs in with username and password, then opens the page that the user asked for. */
function SignInForm() {
  const router = useRouter();
  const params = useSearchParams();
  const next = safeNextPath(params.get("next"));
  const linkIsInvalid = params.has("error");
  const [failure, setFailure] = useState<string | null>(null);
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { username: "", password: "" } });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async ({ username, password }) => {
    setFailure(null);
    try {
      await signIn(username, password);
    } catch (error) {
      setFailure(error instanceof SignInError ? error.message : String(error));
      form.setFocus("password", { shouldSelect: true });
      return;
    }
    queryClient.clear();
    router.replace(next);
  });

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="flex flex-col gap-4">
      {linkIsInvalid && failure === null && (
        <Callout kind="warn" title="This sign-in link is no longer valid.">
          A sign-in link works once and expires soon. Sign in with your username and password, or have the
          server print a new link.
        </Callout>
      )}
      {failure !== null && <Callout kind="danger" title={failure} announce />}
      <Field label="Username" error={errors.username?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register("username")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            className="h-9"
          />
        )}
      </Field>
      <Field label="Password" error={errors.password?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register("password")}
            type="password"
            autoComplete="current-password"
            className="h-9"
          />
        )}
      </Field>
      <Button
        type="submit"
        variant="primary"
        disabled={isSubmitting}
        focusableWhenDisabled
        className="mt-1 h-9 w-full"
      >
        {isSubmitting && <Spinner />}
        {isSubmitting ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
