import { RotateCw } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { Time } from "#components/value/time.tsx";
import type { Problem } from "#lib/problem.ts";

/** Above data that is still shown although it could not be read again. `since` is when it was last read. */
export function StaleNotice({
  problem,
  since,
  onRetry,
}: {
  problem: Problem;
  since: string;
  onRetry: () => void;
}) {
  return (
    <Callout
      kind="warn"
      title={
        <>
          What you see was read <Time at={since} />; reading it again failed.
        </>
      }
      actions={
        <Button size="sm" onClick={onRetry}>
          <RotateCw aria-hidden />
          Try again
        </Button>
      }
    >
      {problem.message} {problem.hint}
    </Callout>
  );
}
