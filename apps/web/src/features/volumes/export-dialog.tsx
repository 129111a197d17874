"use client";

import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, buttonStyle } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Select } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime } from "#lib/format.ts";

interface ExportDialogProps {
  /** `pool/[namespace/]image` */
  image: string;
  snapshot: string | undefined;
  onClose: () => void;
}

/** Downloads a snapshot as a raw disk. */
export function ExportDialog({ image, snapshot, onClose }: ExportDialogProps) {
  const cluster = useCluster();
  const [wanted, setWanted] = useState(snapshot);
  const detail = useQuery(trpc.images.get.queryOptions({ cluster, spec: image }));
  const snapshots = (detail.data?.snapshots ?? []).filter(({ kind }) => kind === "user").reverse();
  const chosen = snapshots.find(({ name }) => name === wanted) ?? snapshots[0];
  const href =
    chosen === undefined
      ? null
      : `/api/export?${new URLSearchParams({ cluster, snapshot: `${image}@${chosen.name}` })}`;
  return (
    <DialogContent title="Export as a raw disk" description={<SpecText spec={image} className="text-xs" />}>
      <div className="flex flex-col gap-4 px-5 py-4">
        {detail.isPending && <Skeleton className="h-16 w-full" />}
        {detail.isError && <ProblemCallout problem={toProblem(detail.error)} announce />}
        {detail.data !== undefined && chosen === undefined && (
          <Callout kind="info" title="The image has no snapshot.">
            An image may change while it is read, so only snapshots are exported. Take one first.
          </Callout>
        )}
        {chosen !== undefined && (
          <>
            <Field
              label="Snapshot"
              hint="An image may change while it is read, so a snapshot of it is exported."
            >
              {(ids) => (
                <Select
                  {...ids}
                  mono
                  options={snapshots.map(({ name, createdAt }) => ({
                    value: name,
                    label: name,
                    note: absoluteTime(new Date(createdAt)).slice(0, 16),
                  }))}
                  value={chosen.name}
                  onValueChange={setWanted}
                />
              )}
            </Field>
            <p className="text-ink-2">
              The browser downloads <Bytes value={chosen.size} />, holes as zeroes. A download that is cut off
              is not complete: start it again. The audit log records it.
            </p>
          </>
        )}
      </div>
      <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Close</Button>
        {href !== null && (
          <a href={href} download onClick={onClose} className={buttonStyle({ variant: "primary" })}>
            <Download aria-hidden />
            Download
          </a>
        )}
      </footer>
    </DialogContent>
  );
}
