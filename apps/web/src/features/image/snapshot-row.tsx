import type { SnapshotDetail } from "@coppice/server/router";
import { Copy, ShieldCheck } from "lucide-react";
import { Badge } from "#components/ui/badge.tsx";
import { Button } from "#components/ui/button.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { Time } from "#components/value/time.tsx";
import { formatBytes } from "#lib/format/bytes.ts";
import { Rail } from "./rail.tsx";
import { RailRow } from "./rail-row.tsx";
import type { RailClone } from "./rail-snapshots.ts";
import { SnapshotClones } from "./snapshot-clones.tsx";

const KIND_LABEL = {
  group: "Group",
  mirror: "Mirror",
  trash: "In trash",
  unknown: "Of unknown kind",
} as const;

interface SnapshotRowProps {
  snapshot: SnapshotDetail;
  sizeChange: number;
  clones: readonly RailClone[];
  below: boolean;
  onClone: (() => void) | undefined;
}

/** One snapshot: name, kind, protection, time, size, and the clones that hang on it. */
export function SnapshotRow({ snapshot, sizeChange, clones, below, onClone }: SnapshotRowProps) {
  const { kind } = snapshot;
  return (
    <RailRow
      rail={<Rail kind={kind === "user" ? "user" : "system"} above below={below} />}
      name={
        <>
          <span className="wrap-anywhere font-mono text-xs">{snapshot.name}</span>
          {kind !== "user" && <Badge>{KIND_LABEL[kind]}</Badge>}
          {snapshot.protected && (
            <Badge tone="info">
              <ShieldCheck aria-hidden />
              Protected
            </Badge>
          )}
        </>
      }
      time={<Time at={snapshot.createdAt} />}
      size={
        <>
          <Bytes value={snapshot.size} />
          {sizeChange !== 0 && (
            <span className="block text-2xs text-ink-3">
              {sizeChange > 0 ? "grown by " : "shrunk by "}
              {formatBytes(Math.abs(sizeChange))}
            </span>
          )}
        </>
      }
      actions={
        onClone !== undefined && (
          <Button size="sm" onClick={onClone} aria-label={`Clone from snapshot ${snapshot.name}`}>
            <Copy aria-hidden />
            Clone
          </Button>
        )
      }
    >
      {clones.length > 0 && <SnapshotClones clones={clones} snapshot={snapshot.name} />}
    </RailRow>
  );
}
