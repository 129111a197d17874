"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Controller, FormProvider, useForm, useWatch } from "react-hook-form";
import { z } from "zod";
import { ProblemCallout } from "#components/state.tsx";
import { Field, Segmented, Select } from "#components/ui/form.tsx";
import { ImagePicker } from "#features/clone/clone-form.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatBytes } from "#lib/format.ts";
import { parseSpec } from "#lib/spec.ts";
import { FormFooter, SizeField, TargetFields, targetSchema, targetSpec } from "./fields.tsx";
import { parseSize } from "./size.ts";
import { TaskRun } from "./task-run.tsx";

/** The snapshot that makes an image a template. */
const TEMPLATE_SNAPSHOT = "snap";

const templateSchema = targetSchema.extend({
  image: z.string().min(1, "Choose a template."),
  snapshot: z.string().min(1, "Choose a snapshot."),
  /** "" for the template's size. */
  size: z
    .string()
    .refine((text) => text.trim() === "" || parseSize(text) !== null, "Enter a size, such as 10 GiB."),
  copy: z.enum(["clone", "full"]),
});

type TemplateDraft = z.infer<typeof templateSchema>;

interface TemplateFormProps {
  poolSpec: string;
  template: string | undefined;
  onClose: () => void;
}

/** An image from a template, or from any snapshot. */
export function TemplateForm({ poolSpec, template, onClose }: TemplateFormProps) {
  const cluster = useCluster();
  const [taskId, setTaskId] = useState<string | null>(null);
  const given = template === undefined ? null : parseSpec(template);
  const form = useForm<TemplateDraft>({
    resolver: zodResolver(templateSchema),
    defaultValues: {
      poolSpec,
      name: "",
      image: template?.replace(/@.*$/, "") ?? "",
      snapshot: given?.snapshot ?? "",
      size: "",
      copy: "clone",
    },
    mode: "onChange",
  });
  const { control, setValue } = form;
  const [image, snapshot, copy] = useWatch({ control, name: ["image", "snapshot", "copy"] });
  const detail = useQuery(trpc.images.get.queryOptions(image === "" ? skipToken : { cluster, spec: image }));
  const snapshots = detail.data?.snapshots.filter(({ kind }) => kind === "user");
  const source = snapshots?.find(({ name }) => name === snapshot);

  useEffect(() => {
    if (snapshots === undefined || snapshots.some(({ name }) => name === snapshot)) return;
    const chosen = snapshots.find(({ name }) => name === TEMPLATE_SNAPSHOT) ?? snapshots.at(-1);
    setValue("snapshot", chosen?.name ?? "");
  }, [snapshots, snapshot, setValue]);

  const start = useMutation(
    trpc.volumes.create.start.mutationOptions({
      retry: false,
      onSuccess: (started) => setTaskId(started.taskId),
    }),
  );
  const submit = form.handleSubmit((draft) => {
    const size = parseSize(draft.size);
    start.mutate({
      cluster,
      target: targetSpec(draft),
      from: { kind: "template", template: `${draft.image}@${draft.snapshot}` },
      flatten: draft.copy === "full",
      ...(size === null ? {} : { size }),
    });
  });

  if (taskId !== null) {
    return <TaskRun taskId={taskId} made="the image" onBack={() => setTaskId(null)} onClose={onClose} />;
  }
  const noSnapshots = snapshots?.length === 0;
  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <p className="text-ink-2">
            A disk for a new machine that begins as a template, or any other snapshot.
          </p>
          <fieldset className="grid gap-3 sm:grid-cols-[3fr_2fr]">
            <legend className="sr-only">Template</legend>
            <Controller
              name="image"
              control={control}
              render={({ field, fieldState }) => (
                <Field
                  label="Template"
                  error={
                    noSnapshots
                      ? "This image has no snapshot. Capture it as a template, or clone it."
                      : fieldState.error?.message
                  }
                >
                  {(ids) => (
                    <ImagePicker
                      {...ids}
                      value={field.value}
                      onValueChange={(next) => {
                        setValue("snapshot", "");
                        field.onChange(next);
                      }}
                    />
                  )}
                </Field>
              )}
            />
            <Controller
              name="snapshot"
              control={control}
              render={({ field, fieldState }) => (
                <Field label="Snapshot" error={noSnapshots ? undefined : fieldState.error?.message}>
                  {(ids) => (
                    <Select
                      {...ids}
                      mono
                      options={(snapshots ?? []).map(({ name }) => ({ value: name, label: name })).reverse()}
                      value={field.value}
                      onValueChange={field.onChange}
                    />
                  )}
                </Field>
              )}
            />
          </fieldset>
          <TargetFields label="Name of the image" />
          <SizeField
            name="size"
            label="Size (optional)"
            hint={
              source === undefined
                ? "The template's size, or more."
                : `The template has ${formatBytes(source.size)}. Give more to enlarge it.`
            }
          />
          <div>
            <Segmented
              label="Data"
              value={copy}
              onValueChange={(next) => setValue("copy", next)}
              options={[
                { value: "clone", label: "Share the template's data" },
                { value: "full", label: "Full copy" },
              ]}
            />
            <p className="mt-1 text-ink-3 text-xs">
              {copy === "clone"
                ? "Ready at once. The template cannot be removed while the image depends on it."
                : "Takes longer and more space. The image is independent of the template."}
            </p>
          </div>
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter submit="Create" pending={start.isPending} onClose={onClose} />
      </form>
    </FormProvider>
  );
}
