"use client";

import { useQuery } from "@tanstack/react-query";
import { HardDriveUpload, PlusCircle } from "lucide-react";
import { EmptyState } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { trpc } from "#lib/api.ts";
import { NewImageDialog } from "./volume-actions.ts";

/** Stands where images would be, in a cluster that has none: what to do first. */
export function FirstRun({ className }: { className?: string }) {
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const info = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() }));
  if (info.data?.pools.length === 0) {
    return (
      <EmptyState
        icon={PlusCircle}
        title="This cluster has no pool for images yet"
        className={className ?? ""}
      >
        Create one with <Command>ceph osd pool create vms</Command> and <Command>rbd pool init vms</Command>.
        It appears here automatically, and then images can be created in it.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={PlusCircle}
      title="This cluster has no images yet"
      className={className ?? ""}
      actions={
        mayOperate && (
          <>
            <Button variant="primary" onClick={() => openDialog(NewImageDialog, { kind: "import" })}>
              <HardDriveUpload aria-hidden />
              Import a disk…
            </Button>
            <Button onClick={() => openDialog(NewImageDialog, { kind: "empty" })}>
              <PlusCircle aria-hidden />
              Create an empty image…
            </Button>
          </>
        )
      }
    >
      {mayOperate
        ? "An image is the disk of a virtual machine. Import one, such as the cloud image of a distribution, and make as many machines of it as you like; or create an empty one."
        : "An image is the disk of a virtual machine. Somebody with the role operator can import or create one."}{" "}
      Images that other programs create appear here automatically.
    </EmptyState>
  );
}

function Command({ children }: { children: string }) {
  return <code className="whitespace-nowrap font-mono text-xs">{children}</code>;
}
