import type { ClusterInfo } from "@coppice/server/router";
import { Callout } from "#components/ui/callout.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { FactList } from "#components/value/fact-list.tsx";
import { formatCount } from "#lib/format/count.ts";
import { toProblem } from "#lib/problem.ts";
import { CapacityMeter } from "./capacity-meter.tsx";

interface ClusterFactsProps {
  info: ClusterInfo | undefined;
  error: unknown;
  condition: string;
}

/** What is known of the cluster. */
export function ClusterFacts({ info, error, condition }: ClusterFactsProps) {
  const problem = error === null ? null : toProblem(error);
  return (
    <div className="flex flex-col gap-3 p-4">
      {problem !== null && (
        <Callout kind="danger" title={problem.message}>
          {problem.hint}
        </Callout>
      )}
      {info !== undefined && (
        <>
          <FactList
            facts={[
              ["Name", info.name],
              ["State", condition],
              [
                "fsid",
                <span key="fsid" className="flex items-center gap-1">
                  <code className="wrap-anywhere font-mono text-xs">{info.fsid}</code>
                  <CopyButton text={info.fsid} label="Copy the fsid" />
                </span>,
              ],
              [
                "librbd",
                <span key="librbd" className="font-mono text-xs">
                  {info.librbdVersion}
                </span>,
              ],
              [
                "Pools",
                info.pools.map((pool) => `${pool.name} (${formatCount(pool.images)})`).join(", ") || "none",
              ],
            ]}
          />
          <CapacityMeter info={info} />
        </>
      )}
    </div>
  );
}
