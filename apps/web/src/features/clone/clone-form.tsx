"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef } from "react";
import { Controller, FormProvider, useForm, useFormContext, useWatch } from "react-hook-form";
import { Button } from "#components/ui/button.tsx";
import { Field, Input, Select, type SelectOption } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime } from "#lib/format.ts";
import { formatPlace, parseSpec } from "#lib/spec.ts";
import { type CloneDraft, cloneDraftSchema, suggestName } from "./clone-draft.ts";
import { ClonePlan, useClonePlan } from "./clone-plan.tsx";
import { ImagePicker } from "./image-picker.tsx";

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

const NOW: SelectOption = { value: "", label: "Its current state" };

/** The moment to clone: as the image is now, or one of its snapshots, newest first. */
export function PointSelect() {
  const { control } = useFormContext<CloneDraft>();
  const [image, snapshot] = useWatch({ control, name: ["image", "snapshot"] });
  const detail = useQuery(trpc.images.get.queryOptions(image === "" ? skipToken : { spec: image }));

  const known = (detail.data?.snapshots ?? [])
    .filter(({ kind }) => kind === "user")
    .map(({ name, createdAt }) => ({
      value: name,
      label: name,
      note: absoluteTime(new Date(createdAt)).slice(0, 16),
    }))
    .reverse();
  // A preset snapshot is shown at once, before the image's snapshots have arrived.
  const preset =
    snapshot === "" || known.some(({ value }) => value === snapshot)
      ? []
      : [{ value: snapshot, label: snapshot }];

  return (
    <Controller
      name="snapshot"
      control={control}
      render={({ field, fieldState }) => (
        <Field label="State to clone" error={fieldState.error?.message}>
          {(ids) => (
            <Select
              {...ids}
              mono={snapshot !== ""}
              options={[NOW, ...preset, ...known]}
              value={field.value}
              onValueChange={field.onChange}
            />
          )}
        </Field>
      )}
    />
  );
}

/** Where the clone goes and what it is called. A free name is suggested until one is typed. */
export function TargetFields({ nameField }: { nameField: RefObject<HTMLInputElement | null> }) {
  const { control, setValue, formState } = useFormContext<CloneDraft>();
  const [source, place, name] = useWatch({ control, name: ["image", "place", "name"] });
  const image = parseSpec(source)?.image ?? "";
  const taken = useTargetNames(place, image);
  const suggested = useRef("");

  useEffect(() => {
    if (place !== "" || source === "") return;
    const spec = parseSpec(source);
    if (spec !== null) setValue("place", formatPlace(spec.pool, spec.namespace));
  }, [source, place, setValue]);

  useEffect(() => {
    if (taken === undefined || image === "" || name !== suggested.current) return;
    suggested.current = suggestName(image, taken);
    if (suggested.current !== name) setValue("name", suggested.current);
  }, [taken, image, name, setValue]);

  const pools = useQuery(trpc.cluster.info.queryOptions()).data?.pools ?? [];
  const places = pools.flatMap((pool) => [
    pool.name,
    ...pool.namespaces.map((namespace) => formatPlace(pool.name, namespace)),
  ]);
  if (place !== "" && !places.includes(place)) places.unshift(place);

  const inUse = taken?.has(name) === true ? `${place} already has an image of this name.` : undefined;

  return (
    <fieldset className="grid gap-3 sm:grid-cols-[2fr_3fr]">
      <legend className="sr-only">Target</legend>
      <Controller
        name="place"
        control={control}
        render={({ field, fieldState }) => (
          <Field label="Target pool" error={fieldState.error?.message}>
            {(ids) => (
              <Select
                {...ids}
                mono
                options={places.map((value) => ({ value, label: value }))}
                value={field.value}
                onValueChange={field.onChange}
              />
            )}
          </Field>
        )}
      />
      <Controller
        name="name"
        control={control}
        render={({ field }) => (
          <Field label="Name of the clone" error={formState.errors.name?.message ?? inUse}>
            {(ids) => (
              <Input
                {...ids}
                {...field}
                ref={(input) => {
                  field.ref(input);
                  nameField.current = input instanceof HTMLInputElement ? input : null;
                }}
                autoComplete="off"
                spellCheck={false}
                className="font-mono text-xs"
              />
            )}
          </Field>
        )}
      />
    </fieldset>
  );
}

const MAX_NAMES = 500;

/** Names in `place` (`pool` or `pool/namespace`) that begin like clones of `image`, to suggest a free one. */
export function useTargetNames(place: string, image: string): ReadonlySet<string> | undefined {
  const [pool = "", namespace = ""] = place.split("/");
  const names = useQuery(
    trpc.images.list.queryOptions(
      place === "" || image === "" ? skipToken : { pool, namespace, search: image, limit: MAX_NAMES },
      { select: (page) => new Set(page.rows.filter((row) => !row.inTrash).map((row) => row.name)) },
    ),
  );
  return names.data;
}
