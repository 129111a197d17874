import type { ScanProblem } from "@coppice/server/router";
import { Callout } from "#components/ui/callout.tsx";
import { Time } from "#components/value/time.tsx";

/** What the server could not read of the cluster: a pool whose images are missing here, or all of it. */
export function ScanProblems({
  problems,
  scannedAt,
}: {
  problems: readonly ScanProblem[];
  scannedAt: string;
}) {
  return problems.map(({ place, error }) => (
    <Callout
      key={place ?? ""}
      kind="warn"
      title={
        place === null ? (
          <>
            The cluster could not be read again. What you see was read <Time at={scannedAt} />.
          </>
        ) : (
          <>
            <span className="font-mono text-xs">{place}</span> could not be read, so its images are missing
            here.
          </>
        )
      }
    >
      {error.message} {error.hint}
    </Callout>
  ));
}
