"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { z } from "zod";
import { ProblemCallout } from "#components/state.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { useDebounced } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatBytes, plural } from "#lib/format.ts";
import { FormFooter, SizeField, sizeText, TypedName } from "./fields.tsx";
import { parseSize, writeSize } from "./size.ts";

interface ResizeDialogProps {
  /** `pool/[namespace/]image` */
  image: string;
  onClose: () => void;
}

/** Changes the size of an image. */
export function ResizeDialog({ image, onClose }: ResizeDialogProps) {
  const cluster = useCluster();
  const detail = useQuery(trpc.images.get.queryOptions({ cluster, spec: image }, { staleTime: 0 }));
  return (
    <DialogContent title="Resize the image" description={<SpecText spec={image} className="text-xs" />}>
      {detail.data !== undefined ? (
        <ResizeForm key={detail.data.size} image={image} size={detail.data.size} onClose={onClose} />
      ) : (
        <div className="px-5 py-4">
          {detail.isError ? (
            <ProblemCallout problem={toProblem(detail.error)} announce />
          ) : (
            <Skeleton className="h-24 w-full" />
          )}
        </div>
      )}
    </DialogContent>
  );
}

const TYPING_PAUSE_MS = 250;

const resizeSchema = z.object({ size: sizeText });

function ResizeForm({ image, size, onClose }: ResizeDialogProps & { size: number }) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const [typed, setTyped] = useState("");
  const form = useForm<z.infer<typeof resizeSchema>>({
    resolver: zodResolver(resizeSchema),
    defaultValues: { size: writeSize(size) },
    mode: "onChange",
  });
  const wanted = parseSize(useWatch({ control: form.control, name: "size" }));
  const settled = useDebounced(wanted, TYPING_PAUSE_MS);
  const isSettled = settled === wanted;
  const query = useQuery(
    trpc.volumes.resize.plan.queryOptions(
      settled === null || settled === size ? skipToken : { cluster, image, size: settled },
      { staleTime: 0, gcTime: 0, retry: false, refetchOnWindowFocus: false, trpc: { abortOnUnmount: true } },
    ),
  );
  const plan = isSettled && !query.isFetching ? query.data : undefined;
  const isSame = wanted === size;
  const losesData = plan?.change === "shrink" && plan.discards > 0;
  const inUse = plan?.change === "shrink" && plan.clients > 0;
  const agreed = !losesData || typed === image;

  const start = useMutation(
    trpc.volumes.resize.start.mutationOptions({
      retry: false,
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const submit = form.handleSubmit(() => {
    if (plan === undefined || inUse || !agreed) return;
    const discard = plan.change === "shrink" ? { discard: plan.discards } : {};
    start.mutate({ cluster, image, size: plan.to, ...discard });
  });
  const shrinks = wanted !== null && wanted < size;

  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <SizeField name="size" label="New size" hint={`It has ${formatBytes(size)} now.`} />
          <div aria-live="polite" aria-busy={!isSettled || query.isFetching} className="min-h-24">
            {wanted !== null && !isSame && (!isSettled || query.isFetching) && (
              <Skeleton className="h-16 w-full" />
            )}
            {isSame && <p className="text-ink-3">Enter a larger size to enlarge the image.</p>}
            {isSettled && query.isError && !isSame && <ProblemCallout problem={toProblem(query.error)} />}
            {plan?.change === "grow" && (
              <Callout
                kind="info"
                title={
                  <>
                    The image grows by <Bytes value={plan.to - plan.from} />.
                  </>
                }
              >
                It may be in use. Enlarge the partition and the file system in it afterwards.
              </Callout>
            )}
            {inUse && (
              <Callout kind="danger" title={`The image is open in ${plural(plan.clients, "client")}.`}>
                Stop what uses it before you make it smaller.
              </Callout>
            )}
            {plan?.change === "shrink" && !inUse && !losesData && (
              <Callout
                kind="info"
                title={
                  <>
                    The image shrinks by <Bytes value={plan.from - plan.to} />.
                  </>
                }
              >
                There is no data behind the new end. Snapshots keep their size.
              </Callout>
            )}
            {losesData && !inUse && (
              <>
                <Callout
                  kind="danger"
                  title={
                    <>
                      Up to <Bytes value={plan.discards} /> of data are lost for good.
                    </>
                  }
                >
                  They lie behind the new end. Shrink the file system and the partition first. Snapshots keep
                  their size and their data.
                </Callout>
                <div className="mt-4">
                  <TypedName name={image} value={typed} onValueChange={setTyped} />
                </div>
              </>
            )}
          </div>
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter
          submit={shrinks ? "Shrink" : "Enlarge"}
          danger={shrinks}
          disabled={plan === undefined || isSame || inUse || !agreed}
          pending={start.isPending}
          onClose={onClose}
        />
      </form>
    </FormProvider>
  );
}
