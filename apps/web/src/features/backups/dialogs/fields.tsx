"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { Field, Input, Select } from "#components/ui/form.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { trpc } from "#lib/api.ts";
import { formatPoolSpec } from "#lib/spec.ts";

/** A choice of yes or no, with its consequence. */
export function CheckField({
  label,
  hint,
  checked,
  onCheckedChange,
}: {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onCheckedChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        onChange={(event) => onCheckedChange(event.target.checked)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="mt-0.5 size-4 shrink-0 accent-brand"
      />
      <div className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-ink-3 text-xs">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  value: T;
  onValueChange: (value: T) => void;
  choices: readonly { value: T; label: string; hint: ReactNode; disabledReason?: string | null }[];
}

/** A choice of one thing, each with a sentence on what it does. */
export function Choice<T extends string>({ legend, value, onValueChange, choices }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1 font-medium text-ink-2 text-xs">{legend}</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {choices.map((choice) => {
          const reason = choice.disabledReason ?? null;
          const id = `${name}-${choice.value}`;
          return (
            <div
              key={choice.value}
              className="relative flex items-start gap-2.5 rounded-lg border border-line p-3 has-checked:border-brand has-checked:bg-brand-soft has-focus-visible:outline-2 has-focus-visible:outline-ring has-focus-visible:outline-offset-2"
            >
              <input
                id={id}
                type="radio"
                name={name}
                value={choice.value}
                checked={value === choice.value}
                disabled={reason !== null}
                onChange={() => onValueChange(choice.value)}
                aria-describedby={`${id}-hint`}
                className="mt-0.5 size-4 shrink-0 accent-brand outline-hidden"
              />
              <div className="min-w-0">
                {/* The whole card is the label. */}
                <label htmlFor={id} className="font-medium after:absolute after:inset-0">
                  {choice.label}
                </label>
                <p id={`${id}-hint`} className="text-ink-2 text-xs">
                  {reason ?? choice.hint}
                </p>
              </div>
            </div>
          );
        })}
      </div>
    </fieldset>
  );
}

/** For what cannot be undone: the button is live once the name has been typed. */
export function TypeName({
  name,
  value,
  onValueChange,
}: {
  name: string;
  value: string;
  onValueChange: (value: string) => void;
}) {
  return (
    <Field
      label={`Type ${name} to confirm`}
      hint="This cannot be undone."
      children={(control) => (
        <Input
          {...control}
          value={value}
          onChange={(event) => onValueChange(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-xs"
        />
      )}
    />
  );
}

interface NewImageFieldsProps {
  /** `pool` or `pool/namespace`. */
  poolSpec: string;
  name: string;
  onChange: (poolSpec: string, name: string) => void;
}

/** The pool and the name of an image that is going to be made. */
export function NewImageFields({ poolSpec, name, onChange }: NewImageFieldsProps) {
  const cluster = useCluster();
  const poolSpecs = usePoolSpecs(poolSpec);
  const [pool = "", namespace = ""] = poolSpec.split("/");
  const same = useQuery(
    trpc.images.list.queryOptions(
      name === "" || pool === "" ? skipToken : { cluster, pool, namespace, search: name, limit: 500 },
      { select: ({ rows }) => rows.some((row) => row.name === name && !row.inTrash) },
    ),
  );
  return (
    <div className="grid gap-3 sm:grid-cols-[2fr_3fr]">
      <Field label="Pool">
        {(control) => (
          <Select
            {...control}
            mono
            options={poolSpecs.map((value) => ({ value, label: value }))}
            value={poolSpec}
            onValueChange={(next) => onChange(next, name)}
          />
        )}
      </Field>
      <Field
        label="Name of the new image"
        error={same.data === true ? `An image with this name already exists in ${poolSpec}.` : null}
      >
        {(control) => (
          <Input
            {...control}
            value={name}
            onChange={(event) => onChange(poolSpec, event.target.value)}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
          />
        )}
      </Field>
    </div>
  );
}

/** The pools of the cluster with their namespaces. `chosen` is among them even before they have been loaded. */
export function usePoolSpecs(chosen: string): string[] {
  const pools = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() })).data?.pools ?? [];
  const specs = pools.flatMap((pool) => [
    pool.name,
    ...pool.namespaces.map((namespace) => formatPoolSpec(pool.name, namespace)),
  ]);
  return chosen === "" || specs.includes(chosen) ? specs : [chosen, ...specs];
}
