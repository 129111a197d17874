"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Controller, useFormContext, useWatch } from "react-hook-form";
import { z } from "zod";
import { Button } from "#components/ui/button.tsx";
import { Field, Input, Select } from "#components/ui/form.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { checkImageName } from "#features/clone/clone-draft.ts";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { trpc } from "#lib/api.ts";
import { formatPoolSpec } from "#lib/spec.ts";
import { parseSize } from "./size.ts";

// What the forms of this folder have in common.

/** The part of a form that names a new image. */
export const targetSchema = z.object({
  /** `pool` or `pool/namespace`. */
  poolSpec: z.string().min(1, "Choose a pool."),
  name: z.string().superRefine((name, context) => {
    const message = name === "" ? "Enter a name." : checkImageName(name);
    if (message !== null) context.addIssue({ code: "custom", message });
  }),
});

export type TargetDraft = z.infer<typeof targetSchema>;

/** A size as it is typed. */
export const sizeText = z
  .string()
  .refine((text) => parseSize(text) !== null, "Enter a size, such as 10 GiB.");

export function targetSpec({ poolSpec, name }: TargetDraft): string {
  return `${poolSpec}/${name}`;
}

interface TargetFieldsProps {
  label: string;
  /** Whether the pool is given and cannot be chosen. */
  fixedPool?: boolean;
}

/** Pool and name of a new image. Says at once when the name is taken. */
export function TargetFields({ label, fixedPool = false }: TargetFieldsProps) {
  const { control, formState } = useFormContext<TargetDraft>();
  const poolSpec = useWatch({ control, name: "poolSpec" });
  const name = useWatch({ control, name: "name" });
  const poolSpecs = usePoolSpecs();
  const options = poolSpec === "" || poolSpecs.includes(poolSpec) ? poolSpecs : [poolSpec, ...poolSpecs];
  const isTaken = useIsTaken(poolSpec, name);
  const { dirtyFields, isSubmitted, errors } = formState;
  const typed = dirtyFields.name === true || isSubmitted;
  const problem = typed ? errors.name?.message : undefined;
  return (
    <fieldset className="grid gap-3 sm:grid-cols-[2fr_3fr]">
      <legend className="sr-only">{label}</legend>
      <Controller
        name="poolSpec"
        control={control}
        render={({ field, fieldState }) => (
          <Field label="Pool" error={fieldState.error?.message}>
            {(ids) =>
              fixedPool ? (
                <Input {...ids} value={field.value} disabled className="font-mono text-xs" />
              ) : (
                <Select
                  {...ids}
                  mono
                  options={options.map((value) => ({ value, label: value }))}
                  value={field.value}
                  onValueChange={field.onChange}
                />
              )
            }
          </Field>
        )}
      />
      <Controller
        name="name"
        control={control}
        render={({ field }) => (
          <Field
            label={label}
            error={
              problem ??
              (isTaken && typed ? `An image with this name already exists in ${poolSpec}.` : undefined)
            }
          >
            {(ids) => (
              <Input
                {...ids}
                {...field}
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

/** The pools and namespaces of the cluster, as `pool` or `pool/namespace`. */
export function usePoolSpecs(): string[] {
  const info = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() }));
  return (info.data?.pools ?? []).flatMap((pool) => [
    pool.name,
    ...pool.namespaces.map((namespace) => formatPoolSpec(pool.name, namespace)),
  ]);
}

function useIsTaken(poolSpec: string, name: string): boolean {
  const cluster = useCluster();
  const [pool = "", namespace = ""] = poolSpec.split("/");
  const found = useQuery(
    trpc.images.list.queryOptions(
      poolSpec === "" || name === "" ? skipToken : { cluster, pool, namespace, search: name, limit: 500 },
      { select: (page) => page.rows.some((row) => !row.inTrash && row.name === name) },
    ),
  );
  return found.data === true;
}

interface SizeFieldProps {
  name: string;
  label: string;
  hint?: ReactNode;
}

/** A size as text, such as `10 GiB`. */
export function SizeField({ name, label, hint }: SizeFieldProps) {
  const { control } = useFormContext<Record<string, string>>();
  return (
    <Controller
      name={name}
      control={control}
      render={({ field, fieldState }) => (
        <Field label={label} hint={hint} error={fieldState.error?.message}>
          {(ids) => (
            <Input {...ids} {...field} autoComplete="off" spellCheck={false} className="tabular-nums" />
          )}
        </Field>
      )}
    />
  );
}

interface FooterProps {
  /** What the button does: "Create". */
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  pending: boolean;
  onClose: () => void;
}

/** The buttons at the end of a form. */
export function FormFooter({ submit, danger = false, disabled = false, pending, onClose }: FooterProps) {
  return (
    <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
      <Button onClick={onClose}>Cancel</Button>
      <Button
        type="submit"
        variant={danger ? "danger" : "primary"}
        disabled={disabled || pending}
        focusableWhenDisabled
      >
        {pending && <Spinner />}
        {submit}
      </Button>
    </footer>
  );
}

interface TypedNameProps {
  /** What has to be typed. */
  name: string;
  value: string;
  onValueChange: (value: string) => void;
}

/** Asks to type a name before something is done that cannot be undone. */
export function TypedName({ name, value, onValueChange }: TypedNameProps) {
  return (
    <Field label={`Type ${name} to confirm`}>
      {(ids) => (
        <Input
          {...ids}
          value={value}
          onChange={(event) => onValueChange(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-xs"
        />
      )}
    </Field>
  );
}
