import { Meter } from "@base-ui/react/meter";
import type { ClusterInfo } from "@coppice/server/router";
import { Bytes } from "#components/value/bytes.tsx";
import { cn } from "#lib/cn.ts";
import { formatPercent } from "#lib/format/count.ts";

/** From here on Ceph itself begins to warn, and to refuse writes. */
const NEAR_FULL = 0.85;
const FULL = 0.95;

/** How full the cluster is, in words and as a bar. */
export function CapacityMeter({ info }: { info: ClusterInfo }) {
  const share = info.totalBytes === 0 ? 0 : info.usedBytes / info.totalBytes;
  const state = share >= FULL ? "full" : share >= NEAR_FULL ? "nearly full" : null;
  return (
    <Meter.Root
      value={share * 100}
      aria-valuetext={`${formatPercent(info.usedBytes, info.totalBytes)} of the capacity is used`}
      className="block"
    >
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <Meter.Label className="text-ink-3 text-xs">Capacity</Meter.Label>
        <span className="text-xs tabular-nums">
          <Bytes value={info.usedBytes} /> of <Bytes value={info.totalBytes} /> used
          <span className="text-ink-3"> · {formatPercent(info.usedBytes, info.totalBytes)}</span>
          {state !== null && <strong className="ml-1 font-medium text-danger">{state}</strong>}
        </span>
      </div>
      <Meter.Track className="block h-1.5 overflow-hidden rounded-full bg-hover">
        <Meter.Indicator
          className={cn(
            "block h-full rounded-full",
            state === null ? "bg-brand" : state === "full" ? "bg-danger" : "bg-warn",
          )}
        />
      </Meter.Track>
    </Meter.Root>
  );
}
