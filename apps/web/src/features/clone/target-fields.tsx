"use client";

import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef } from "react";
import { Controller, useFormContext, useWatch } from "react-hook-form";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { formatPlace, parseSpec } from "#lib/spec/image-spec.ts";
import { suggestName } from "#lib/spec/suggest-name.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import type { CloneDraft } from "./clone-draft.ts";
import { useTargetNames } from "./use-target-names.ts";

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
