import { Suspense } from "react";
import { Logo } from "#components/logo.tsx";
import { SignInForm } from "./sign-in-form.tsx";

/** The page for who is not signed in. */
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
          Started it yourself? The link that the server printed opens signed in.
        </p>
      </div>
    </main>
  );
}
