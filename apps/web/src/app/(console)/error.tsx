"use client";

import { ErrorState } from "#components/state.tsx";
import { toProblem } from "#lib/api.ts";

/** In the place of a page that broke while it was drawn. The rest of the console stays. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <ErrorState
      heading="h1"
      title="This page could not be drawn"
      problem={toProblem(error)}
      onRetry={reset}
    />
  );
}
