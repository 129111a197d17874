"use client";

import type { ImageDetail } from "@coppice/server/router";
import { Camera } from "lucide-react";
import { EmptyState } from "#components/state/empty-state.tsx";
import { Button } from "#components/ui/button.tsx";
import { useCloneDialog } from "#features/clone/use-clone-dialog.ts";
import { useMayOperate } from "#features/session/use-session.ts";
import { mayClone } from "#lib/image/may-clone.ts";
import { HeadRow } from "./head-row.tsx";
import { OriginRow } from "./origin-row.tsx";
import { railSnapshots } from "./rail-snapshots.ts";
import { SnapshotRow } from "./snapshot-row.tsx";

/** The image's past as a rail: the present on top, its origin at the bottom. */
export function SnapshotsTab({ image }: { image: ImageDetail }) {
  const { openClone } = useCloneDialog();
  const offered = useMayOperate() && mayClone(image);
  const snapshots = railSnapshots(image);

  if (image.state === "unreadable") {
    return <p className="text-ink-2">The snapshots are not known: this image could not be read.</p>;
  }
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      <ol aria-label="Snapshots, newest first">
        <HeadRow image={image} below={snapshots.length > 0 || image.parent !== null} />
        {snapshots.map(({ snapshot, sizeChange, clones }, index) => (
          <SnapshotRow
            key={snapshot.id}
            snapshot={snapshot}
            sizeChange={sizeChange}
            clones={clones}
            below={index < snapshots.length - 1 || image.parent !== null}
            onClone={
              offered && snapshot.kind === "user"
                ? () => openClone(`${image.spec}@${snapshot.name}`)
                : undefined
            }
          />
        ))}
        {image.parent !== null && <OriginRow image={image} parent={image.parent} />}
      </ol>
      {snapshots.length === 0 && (
        <EmptyState
          icon={Camera}
          title="No snapshots"
          className="border-line border-t py-10"
          actions={offered && <Button onClick={() => openClone(image.spec)}>Clone…</Button>}
        >
          A clone needs a snapshot to hang on; cloning this image makes one.
        </EmptyState>
      )}
    </div>
  );
}
