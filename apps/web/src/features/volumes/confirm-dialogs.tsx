"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { FormFooter, TypedName } from "./fields.tsx";

/** Starts a task, closes the dialog, and has the end of the task reported. */
function useStarted(onClose: () => void) {
  const reportEnd = useReportEnd();
  return ({ taskId }: { taskId: string }) => {
    onClose();
    void reportEnd(taskId);
  };
}

/** Asks whether to flatten a clone. */
export function FlattenDialog({ image, onClose }: { image: string; onClose: () => void }) {
  const cluster = useCluster();
  const onSuccess = useStarted(onClose);
  const detail = useQuery(trpc.images.get.queryOptions({ cluster, spec: image }));
  const start = useMutation(trpc.volumes.flatten.start.mutationOptions({ retry: false, onSuccess }));
  const parent = detail.data?.parent ?? null;
  return (
    <DialogContent title="Flatten the image" description={<SpecText spec={image} className="text-xs" />}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate({ cluster, image });
        }}
      >
        <div className="flex flex-col gap-3 px-5 py-4">
          {detail.isPending && <Skeleton className="h-16 w-full" />}
          {detail.isError && <ProblemCallout problem={toProblem(detail.error)} announce />}
          {detail.data !== undefined && parent === null && (
            <Callout kind="info" title="The image has no parent, so there is nothing to flatten." />
          )}
          {parent !== null && (
            <>
              <p>
                The data that the image shares with{" "}
                <SpecText spec={`${parent.spec}@${parent.snapshot}`} className="text-xs" /> is copied into it:{" "}
                <Bytes value={parent.overlap} /> at most. Afterwards it no longer depends on its parent.
              </p>
              <ul className="flex list-disc flex-col gap-1.5 pl-5 text-ink-2">
                <li>The image may be in use, and its content stays the same.</li>
                <li>It takes more space afterwards, and no longer keeps its parent from being removed.</li>
                <li>When it is canceled, the image stays a clone. What was copied is not copied again.</li>
              </ul>
            </>
          )}
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter submit="Flatten" disabled={parent === null} pending={start.isPending} onClose={onClose} />
      </form>
    </DialogContent>
  );
}

/** Asks whether to remove a template, and says what prevents it. */
export function RemoveTemplateDialog({ template, onClose }: { template: string; onClose: () => void }) {
  const cluster = useCluster();
  const [typed, setTyped] = useState("");
  const onSuccess = useStarted(onClose);
  const preview = useQuery(
    trpc.volumes.removeTemplate.preview.queryOptions({ cluster, template }, { staleTime: 0, gcTime: 0 }),
  );
  const start = useMutation(trpc.volumes.removeTemplate.start.mutationOptions({ retry: false, onSuccess }));
  const image = template.replace(/@.*$/, "");
  const blockers = preview.data?.blockers ?? [];
  const mayRemove = preview.data !== undefined && blockers.length === 0;
  return (
    <DialogContent title="Remove the template" description={<SpecText spec={image} className="text-xs" />}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (mayRemove && typed === image) start.mutate({ cluster, template });
        }}
      >
        <div className="flex flex-col gap-4 px-5 py-4">
          {preview.isPending && <Skeleton className="h-20 w-full" />}
          {preview.isError && <ProblemCallout problem={toProblem(preview.error)} announce />}
          {blockers.map(({ kind, message }) => (
            <Callout key={kind} kind="danger" title="The template cannot be removed now.">
              <span className="first-letter:uppercase">{message}.</span>
            </Callout>
          ))}
          {mayRemove && (
            <>
              <Callout kind="warn" title="The image and its snapshot are removed for good.">
                No image depends on <SpecText spec={preview.data.snapshot} className="text-xs" />.
              </Callout>
              <TypedName name={image} value={typed} onValueChange={setTyped} />
            </>
          )}
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter
          submit="Remove"
          danger
          disabled={!mayRemove || typed !== image}
          pending={start.isPending}
          onClose={onClose}
        />
      </form>
    </DialogContent>
  );
}
