"use client";

import { ErrorState } from "#components/state.tsx";
import { toProblem } from "#lib/api.ts";

/** Takes the place of a page that failed to render. The rest of the console remains. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <ErrorState
      heading="h1"
      title="This page could not be displayed"
      problem={toProblem(error)}
      onRetry={reset}
    />
  );
}
