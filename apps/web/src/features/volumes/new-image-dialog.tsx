"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Controller, FormProvider, useForm } from "react-hook-form";
import { z } from "zod";
import { ProblemCallout } from "#components/state.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Select } from "#components/ui/form.tsx";
import { Tab, TabPanel, Tabs, TabsList } from "#components/ui/tabs.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import {
  FormFooter,
  SizeField,
  sizeText,
  TargetFields,
  targetSchema,
  targetSpec,
  usePoolSpecs,
} from "./fields.tsx";
import { ImportForm } from "./import-form.tsx";
import { parseSize } from "./size.ts";
import { TaskRun } from "./task-run.tsx";
import { TemplateForm } from "./template-form.tsx";

export type NewImageKind = "empty" | "import" | "template";

interface NewImageDialogProps {
  kind?: NewImageKind;
  /** The template to begin with: `pool/[namespace/]image@snapshot`. */
  template?: string;
  /** Where the image is made, if the user does not choose another place: `pool` or `pool/namespace`. */
  poolSpec?: string;
  onClose: () => void;
}

/** Creates an image: empty, from a file, or from a template. */
export function NewImageDialog({ kind = "empty", template, poolSpec, onClose }: NewImageDialogProps) {
  const [tab, setTab] = useState<NewImageKind>(kind);
  const [first = ""] = usePoolSpecs();
  const place = poolSpec ?? first;
  return (
    <DialogContent title="New image" description={null}>
      <Tabs value={tab} onValueChange={(next) => setTab(next as NewImageKind)}>
        <TabsList className="px-4">
          <Tab value="empty">Empty</Tab>
          <Tab value="import">Import</Tab>
          <Tab value="template">From template</Tab>
        </TabsList>
        {/* The pools may be known only later: the forms begin anew then. */}
        <TabPanel value="empty">
          <EmptyForm key={place} poolSpec={place} onClose={onClose} />
        </TabPanel>
        <TabPanel value="import">
          <ImportForm key={place} poolSpec={place} onClose={onClose} />
        </TabPanel>
        <TabPanel value="template">
          <TemplateForm key={place} poolSpec={place} template={template} onClose={onClose} />
        </TabPanel>
      </Tabs>
    </DialogContent>
  );
}

const emptySchema = targetSchema.extend({
  size: sizeText,
  /** Bytes; "" for what the cluster configures. */
  objectSize: z.string(),
});

type EmptyDraft = z.infer<typeof emptySchema>;

const OBJECT_SIZES = [
  { value: "", label: "As the cluster configures", note: "usually 4 MiB" },
  ...[1, 2, 4, 8, 16, 32].map((mebibytes) => ({
    value: String(mebibytes * 1024 ** 2),
    label: `${mebibytes} MiB`,
  })),
];

/** An image that reads as zeroes. It takes no space until data is written. */
function EmptyForm({ poolSpec, onClose }: { poolSpec: string; onClose: () => void }) {
  const cluster = useCluster();
  const [taskId, setTaskId] = useState<string | null>(null);
  const form = useForm<EmptyDraft>({
    resolver: zodResolver(emptySchema),
    defaultValues: { poolSpec, name: "", size: "10 GiB", objectSize: "" },
    mode: "onChange",
  });
  const start = useMutation(
    trpc.volumes.create.start.mutationOptions({
      retry: false,
      onSuccess: ({ taskId: id }) => setTaskId(id),
    }),
  );
  const submit = form.handleSubmit((draft) =>
    start.mutate({
      cluster,
      target: targetSpec(draft),
      from: { kind: "empty" },
      size: parseSize(draft.size) ?? 0,
      ...(draft.objectSize === "" ? {} : { objectSize: Number(draft.objectSize) }),
    }),
  );
  if (taskId !== null) {
    return <TaskRun taskId={taskId} made="the image" onBack={() => setTaskId(null)} onClose={onClose} />;
  }
  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <p className="text-ink-2">
            A blank disk for a new machine. It takes no space until something is written to it.
          </p>
          <TargetFields label="Name of the image" />
          <div className="grid gap-3 sm:grid-cols-[2fr_3fr]">
            <SizeField name="size" label="Size" hint="It can be enlarged later." />
            <Controller
              name="objectSize"
              control={form.control}
              render={({ field }) => (
                <Field label="Object size" hint="The data is stored in objects of this size.">
                  {(ids) => (
                    <Select
                      {...ids}
                      options={OBJECT_SIZES}
                      value={field.value}
                      onValueChange={field.onChange}
                    />
                  )}
                </Field>
              )}
            />
          </div>
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter submit="Create" pending={start.isPending} onClose={onClose} />
      </form>
    </FormProvider>
  );
}
