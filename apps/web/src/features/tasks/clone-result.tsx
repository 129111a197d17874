import type { CloneTaskResult } from "@coppice/server/router";
import { CircleCheck } from "lucide-react";
import { FactList, SpecText } from "#components/values.tsx";

/** What a finished clone made, and what it found. */
export function CloneResult({ result }: { result: CloneTaskResult }) {
  const { snapshot } = result;
  const [image] = result.source.split("@");
  return (
    <div className="rounded-lg border border-brand-line bg-brand-soft p-4">
      <p className="wrap-anywhere mb-3 flex items-start gap-2 font-medium">
        <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-brand" />
        <span>
          <SpecText spec={result.target} /> is ready.
        </span>
      </p>
      <FactList
        facts={[
          ["Cloned from", <SpecText key="from" spec={`${image}@${snapshot.name}`} className="text-xs" />],
          ["Snapshot", `${snapshot.action === "reuse" ? "Reused" : "Created"}: ${snapshot.reason}`],
          ["Protection", protection(result)],
          ["Depth", String(result.depth)],
        ]}
      />
    </div>
  );
}

function protection(result: CloneTaskResult): string {
  if (result.protected) return "Added, since a clone of format 1 needs it";
  return result.cloneFormat === 1 ? "Was there already" : "Not needed";
}
