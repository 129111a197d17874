"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { Controller, useFormContext, useWatch } from "react-hook-form";
import { Field } from "#components/ui/field.tsx";
import { Select, type SelectOption } from "#components/ui/select.tsx";
import { absoluteTime } from "#lib/format/time.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import type { CloneDraft } from "./clone-draft.ts";

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
