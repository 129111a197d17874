"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { keepPreviousData, skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import { Controller, FormProvider, useForm, useFormContext, useWatch } from "react-hook-form";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Combobox } from "#components/ui/combobox.tsx";
import { Field, Input, Select, type SelectOption } from "#components/ui/form.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime } from "#lib/format.ts";
import { formatPoolSpec, parseSpec } from "#lib/spec.ts";
import { type CloneDraft, cloneDraftSchema, suggestName } from "./clone-draft.ts";
import { ClonePlan, useClonePlan } from "./clone-plan.tsx";

interface CloneFormProps {
  draft: CloneDraft;
  nameField: RefObject<HTMLInputElement | null>;
  onStarted: (draft: CloneDraft, taskId: string) => void;
  onClose: () => void;
}

/** Source and target of the clone, and the plan for them, which follows every change of the form. */
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

  // The error of an earlier attempt does not apply to the changed form.
  const { reset } = start;
  const asked = useRef(plan.input);
  useEffect(() => {
    if (JSON.stringify(asked.current) !== JSON.stringify(plan.input)) reset();
    asked.current = plan.input;
  });

  const submit = form.handleSubmit(async (chosen) => {
    if (plan.plan === undefined || plan.input === null) return;
    const started = await start.mutateAsync(plan.input).catch(() => null); // `start.error` is shown above the buttons
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
            <SnapshotSelect />
          </fieldset>
          <TargetFields nameField={nameField} />
          <ClonePlan {...plan} />
          {failure !== null && <ProblemCallout problem={failure} announce />}
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

interface ImagePickerProps {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
  /** Spec of the image; "" for none. */
  value: string;
  onValueChange: (spec: string) => void;
}

/** Finds an image by any part of its spec, on the server. Offers images that can be cloned only. */
export function ImagePicker({ value, onValueChange, ...control }: ImagePickerProps) {
  const [text, setText] = useState(value);
  const search = text === value ? "" : text.trim();
  const found = useQuery(
    trpc.images.list.queryOptions(
      { cluster: useCluster(), search, limit: 50 },
      { placeholderData: keepPreviousData },
    ),
  );
  const specs = (found.data?.rows ?? [])
    .filter((row) => row.state === "ok" && !row.inTrash)
    .map((row) => row.spec);
  const empty = found.isError
    ? toProblem(found.error).message
    : found.isPending
      ? "Searching…"
      : "No image that can be cloned matches.";

  return (
    <Combobox
      {...control}
      look="select"
      placeholder="Search images…"
      items={specs}
      value={value === "" ? null : value}
      onValueChange={(spec) => onValueChange(spec ?? "")}
      text={text}
      onTextChange={setText}
      keyOf={(spec) => spec}
      textOf={(spec) => spec}
      empty={empty}
    >
      {(spec) => <SpecText spec={spec} className="text-xs" />}
    </Combobox>
  );
}

const CURRENT_STATE: SelectOption = { value: "", label: "None: current state" };

/** The snapshot to clone, or the current state of the image. Snapshots are listed newest first. */
function SnapshotSelect() {
  const { control } = useFormContext<CloneDraft>();
  const [image, snapshot] = useWatch({ control, name: ["image", "snapshot"] });
  const cluster = useCluster();
  const detail = useQuery(trpc.images.get.queryOptions(image === "" ? skipToken : { cluster, spec: image }));

  const known = (detail.data?.snapshots ?? [])
    .filter(({ kind }) => kind === "user")
    .map(({ name, createdAt }) => ({
      value: name,
      label: name,
      note: absoluteTime(new Date(createdAt)).slice(0, 16),
    }))
    .reverse();
  // A preset snapshot is shown at once, before the snapshots of the image have been loaded.
  const preset =
    snapshot === "" || known.some(({ value }) => value === snapshot)
      ? []
      : [{ value: snapshot, label: snapshot }];

  return (
    <Controller
      name="snapshot"
      control={control}
      render={({ field, fieldState }) => (
        <Field label="Source snapshot" error={fieldState.error?.message}>
          {(ids) => (
            <Select
              {...ids}
              mono={snapshot !== ""}
              options={[CURRENT_STATE, ...preset, ...known]}
              value={field.value}
              onValueChange={field.onChange}
            />
          )}
        </Field>
      )}
    />
  );
}

/** Pool and name of the clone. A free name is suggested until the user types one. */
function TargetFields({ nameField }: { nameField: RefObject<HTMLInputElement | null> }) {
  const { control, setValue, formState } = useFormContext<CloneDraft>();
  const [source, poolSpec, name] = useWatch({ control, name: ["image", "poolSpec", "name"] });
  const image = parseSpec(source)?.image ?? "";
  const taken = useTargetNames(poolSpec, image);
  const suggested = useRef("");

  useEffect(() => {
    if (poolSpec !== "" || source === "") return;
    const spec = parseSpec(source);
    if (spec !== null) setValue("poolSpec", formatPoolSpec(spec.pool, spec.namespace));
  }, [source, poolSpec, setValue]);

  useEffect(() => {
    if (taken === undefined || image === "" || name !== suggested.current) return;
    suggested.current = suggestName(image, taken);
    if (suggested.current !== name) setValue("name", suggested.current);
  }, [taken, image, name, setValue]);

  const pools = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() })).data?.pools ?? [];
  const poolSpecs = pools.flatMap((pool) => [
    pool.name,
    ...pool.namespaces.map((namespace) => formatPoolSpec(pool.name, namespace)),
  ]);
  if (poolSpec !== "" && !poolSpecs.includes(poolSpec)) poolSpecs.unshift(poolSpec);

  const inUse =
    taken?.has(name) === true ? `An image with this name already exists in ${poolSpec}.` : undefined;

  return (
    <fieldset className="grid gap-3 sm:grid-cols-[2fr_3fr]">
      <legend className="sr-only">Target</legend>
      <Controller
        name="poolSpec"
        control={control}
        render={({ field, fieldState }) => (
          <Field label="Target pool" error={fieldState.error?.message}>
            {(ids) => (
              <Select
                {...ids}
                mono
                options={poolSpecs.map((value) => ({ value, label: value }))}
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

/** Names of images in `poolSpec` (`pool` or `pool/namespace`) that contain the name of `image`, to suggest a free one. */
function useTargetNames(poolSpec: string, image: string): ReadonlySet<string> | undefined {
  const cluster = useCluster();
  const [pool = "", namespace = ""] = poolSpec.split("/");
  const names = useQuery(
    trpc.images.list.queryOptions(
      poolSpec === "" || image === ""
        ? skipToken
        : { cluster, pool, namespace, search: image, limit: MAX_NAMES },
      { select: (page) => new Set(page.rows.filter((row) => !row.inTrash).map((row) => row.name)) },
    ),
  );
  return names.data;
}
