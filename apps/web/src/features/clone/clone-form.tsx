"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef } from "react";
import { Controller, FormProvider, useForm } from "react-hook-form";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { Field } from "#components/ui/field.tsx";
import { Spinner } from "#components/ui/spinner.tsx";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { type CloneDraft, cloneDraftSchema } from "./clone-draft.ts";
import { ClonePlan } from "./clone-plan.tsx";
import { ImagePicker } from "./image-picker.tsx";
import { PointSelect } from "./point-select.tsx";
import { TargetFields } from "./target-fields.tsx";
import { useClonePlan } from "./use-clone-plan.ts";

interface CloneFormProps {
  draft: CloneDraft;
  nameField: RefObject<HTMLInputElement | null>;
  onStarted: (draft: CloneDraft, taskId: string) => void;
  onClose: () => void;
}

/** Source, target and the live plan. */
export function CloneForm({ draft, nameField, onStarted, onClose }: CloneFormProps) {
  const form = useForm<CloneDraft>({
    resolver: zodResolver(cloneDraftSchema),
    defaultValues: draft,
    mode: "onChange",
  });
  const values = form.watch();
  const plan = useClonePlan(values);
  const start = useMutation(trpc.clone.start.mutationOptions({ retry: false }));
  const failure = start.isError ? toProblem(start.error) : null;

  // What was refused does not speak about what is asked for now.
  const { reset } = start;
  const asked = useRef(plan.input);
  useEffect(() => {
    if (JSON.stringify(asked.current) !== JSON.stringify(plan.input)) reset();
    asked.current = plan.input;
  });

  const submit = form.handleSubmit(async (chosen) => {
    if (plan.plan === undefined || plan.input === null) return;
    const started = await start.mutateAsync(plan.input).catch(() => null); // shown above the buttons
    if (started !== null) onStarted(chosen, started.taskId);
  });

  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <fieldset className="grid gap-3 sm:grid-cols-[3fr_2fr]">
            <legend className="sr-only">Source</legend>
            <Controller
              name="image"
              control={form.control}
              render={({ field, fieldState }) => (
                <Field label="Source image" error={fieldState.error?.message}>
                  {(control) => (
                    <ImagePicker
                      {...control}
                      value={field.value}
                      onValueChange={(image) => {
                        form.setValue("snapshot", "");
                        field.onChange(image);
                      }}
                    />
                  )}
                </Field>
              )}
            />
            <PointSelect />
          </fieldset>
          <TargetFields nameField={nameField} />
          <ClonePlan {...plan} />
          {failure !== null && (
            <Callout kind="danger" title={failure.message} announce>
              {failure.hint}
            </Callout>
          )}
        </div>
        <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant="primary"
            disabled={plan.plan === undefined || start.isPending}
            focusableWhenDisabled
          >
            {start.isPending && <Spinner />}
            Clone
          </Button>
        </footer>
      </form>
    </FormProvider>
  );
}
