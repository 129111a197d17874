"use client";

import type { PolicyView } from "@coppice/server/router";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState } from "nuqs";
import { type ComponentProps, type ReactNode, useId, useState } from "react";
import { Breadcrumbs, PageHeader, useTitle } from "#components/page.tsx";
import { ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Field, Input, inputStyle, Select, useDebounced } from "#components/ui/form.tsx";
import { Callout, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import {
  type DraftErrors,
  definitionOf,
  draftOf,
  isEmptySelection,
  newDraft,
  type PolicyDraft,
  RETENTION_RULES,
  selectOf,
} from "./policy-draft.ts";
import { MatchedImages, RetentionPreviewPanel, ScheduleInWords, usePreview } from "./policy-preview.tsx";

/** Makes a new policy, or changes the one whose id is in the address. */
export function PolicyEditor() {
  const cluster = useCluster();
  const [id] = useQueryState("id", parseAsString);
  const [image] = useQueryState("image", parseAsString);
  const existing = useQuery(trpc.policies.get.queryOptions(id === null ? skipToken : { id }));
  const info = useQuery(trpc.cluster.info.queryOptions({ cluster }));
  useTitle(id === null ? "New policy" : (existing.data?.definition.name ?? null));
  if (existing.isError) {
    return (
      <ErrorState
        heading="h1"
        title="The policy could not be loaded"
        problem={toProblem(existing.error)}
        onRetry={() => void existing.refetch()}
      />
    );
  }
  const pools = info.data?.pools.map(({ name }) => name) ?? [];
  const isReady = id === null ? info.data !== undefined || info.isError : existing.data !== undefined;
  if (!isReady) {
    return (
      <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
        <Skeleton className="h-6 w-48" />
        <Skeleton className="h-96 w-full" />
      </div>
    );
  }
  // Where most images are, which is hardly a pool of backups.
  const [home] = (info.data?.pools ?? []).toSorted((a, b) => b.images - a.images);
  const first =
    existing.data === undefined ? newDraft(image, home?.name ?? null) : draftOf(existing.data.definition);
  return <EditorForm first={first} policy={existing.data ?? null} pools={pools} />;
}

interface EditorFormProps {
  first: PolicyDraft;
  policy: PolicyView | null;
  pools: readonly string[];
}

function EditorForm({ first, policy, pools }: EditorFormProps) {
  const links = useLinks();
  const router = useRouter();
  const cluster = useCluster();
  const targets = useQuery(trpc.backups.targets.list.queryOptions());
  const zones = useQuery(
    trpc.policies.timeZones.queryOptions(undefined, { staleTime: Number.POSITIVE_INFINITY }),
  );
  const [draft, setDraft] = useState(first);
  const [errors, setErrors] = useState<DraftErrors>({});
  const onSuccess = (saved: PolicyView) => router.push(links.policy(saved.id));
  const create = useMutation(trpc.policies.create.mutationOptions({ onSuccess }));
  const change = useMutation(trpc.policies.change.mutationOptions({ onSuccess }));
  const saving = policy === null ? create : change;
  const options = targets.data?.targets ?? [];
  const target = draft.target === "" ? (options[0]?.id ?? "") : draft.target;
  const shown = useDebounced({ ...draft, target }, 250);
  const preview = usePreview(shown);

  const set = (changes: Partial<PolicyDraft>) => {
    setDraft({ ...draft, ...changes });
    setErrors({});
  };
  const save = () => {
    const result = definitionOf({ ...draft, target }, cluster);
    setErrors(result.errors ?? {});
    if (result.definition === null) return;
    if (policy === null) create.mutate(result.definition);
    else change.mutate({ ...result.definition, id: policy.id });
  };
  const text = (field: keyof PolicyDraft & TextField, props: Partial<ComponentProps<typeof Input>> = {}) =>
    function control(attributes: { id: string }) {
      return (
        <Input
          {...attributes}
          {...props}
          value={draft[field]}
          onChange={(event) => set({ [field]: event.currentTarget.value })}
        />
      );
    };

  return (
    <form
      noValidate
      className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Breadcrumbs
        items={[{ href: links.policies(), label: "Policies" }]}
        current={policy?.definition.name ?? "New policy"}
      />
      <PageHeader title={policy === null ? "New policy" : `Edit ${policy.definition.name}`}>
        <ButtonLink href={policy === null ? links.policies() : links.policy(policy.id)}>Cancel</ButtonLink>
        <Button type="submit" variant="primary" disabled={saving.isPending}>
          {policy === null ? "Create policy" : "Save changes"}
        </Button>
      </PageHeader>
      {saving.isError && <ProblemCallout problem={toProblem(saving.error)} announce />}
      {targets.data !== undefined && options.length === 0 && (
        <Callout kind="warn" title="There is no place for backups yet">
          An administrator has to add a backup target before a policy can be made.
        </Callout>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[3fr_2fr]">
        <div className="flex flex-col gap-4">
          <Section title="What is protected">
            <Field label="Name" error={errors.name}>
              {text("name", { placeholder: "Nightly" })}
            </Field>
            <Field
              label="Images"
              hint="One per line: pool/image, or a pattern such as vms/web-* with * for any characters and ? for one."
              error={
                errors.patterns ??
                (isEmptySelection(selectOf(draft)) ? undefined : preview.data?.selectionError?.message)
              }
            >
              {(attributes) => (
                <Lines {...attributes} value={draft.patterns} onChange={(patterns) => set({ patterns })} />
              )}
            </Field>
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Whole pools" hint="With all namespaces, one per line.">
                {(attributes) => (
                  <Lines {...attributes} value={draft.pools} onChange={(next) => set({ pools: next })} />
                )}
              </Field>
              <Field label="Except" hint="Patterns of images that are left out.">
                {(attributes) => (
                  <Lines {...attributes} value={draft.exclude} onChange={(exclude) => set({ exclude })} />
                )}
              </Field>
            </div>
          </Section>

          <Section title="Backup">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Target" error={errors.target}>
                {(attributes) => (
                  <Select
                    {...attributes}
                    options={options.map(({ id, name }) => ({ value: id, label: name }))}
                    value={target}
                    onValueChange={(next) => set({ target: next })}
                  />
                )}
              </Field>
              <Field label="Time zone">
                {(attributes) => (
                  <Select
                    {...attributes}
                    options={(zones.data?.timeZones ?? [draft.timeZone]).map((zone) => ({
                      value: zone,
                      label: zone,
                    }))}
                    value={draft.timeZone}
                    onValueChange={(timeZone) => set({ timeZone })}
                  />
                )}
              </Field>
              <Field
                label="Backup schedule"
                hint={<ScheduleInWords preview={preview.data} job="backup" />}
                className="sm:col-span-2"
              >
                {text("backupCron", { className: "font-mono" })}
              </Field>
              <Field label="Mode">
                {(attributes) => (
                  <Select
                    {...attributes}
                    options={[
                      { value: "auto", label: "Incremental where possible" },
                      { value: "full", label: "Always full" },
                    ]}
                    value={draft.mode}
                    onValueChange={(mode) => set({ mode: mode === "full" ? "full" : "auto" })}
                  />
                )}
              </Field>
              {draft.mode === "auto" && (
                <Field
                  label="Points in a chain"
                  hint="After so many, the next backup is full. Empty: no limit."
                  error={errors.chainPoints}
                >
                  {text("chainPoints", { inputMode: "numeric" })}
                </Field>
              )}
              <Field
                label="Objective in hours"
                hint="An image is late when its newest backup is older."
                error={errors.backupWithinHours}
              >
                {text("backupWithinHours", { inputMode: "decimal" })}
              </Field>
            </div>
          </Section>

          <Section
            title="Retention"
            toggle={{
              checked: draft.retain,
              onChange: (retain) => set({ retain }),
              off: "Every backup is kept.",
            }}
          >
            <div className="grid grid-cols-3 gap-3 sm:grid-cols-6">
              {RETENTION_RULES.map((rule) => (
                <Field key={rule} label={RULE_LABEL[rule]}>
                  {(attributes) => (
                    <Input
                      {...attributes}
                      value={draft.retention[rule]}
                      onChange={(event) =>
                        set({ retention: { ...draft.retention, [rule]: event.currentTarget.value } })
                      }
                    />
                  )}
                </Field>
              ))}
            </div>
            {errors.retention !== undefined && (
              <p role="alert" className="text-danger text-xs">
                {errors.retention}
              </p>
            )}
            <RetentionPreviewPanel draft={shown} />
          </Section>

          <Section
            title="Verification"
            toggle={{
              checked: draft.verify,
              onChange: (verify) => set({ verify }),
              off: "Backups are not checked.",
            }}
          >
            <div className="grid gap-4 sm:grid-cols-2">
              <Field
                label="Verification schedule"
                hint={<ScheduleInWords preview={preview.data} job="verify" />}
                className="sm:col-span-2"
              >
                {text("verifyCron", { className: "font-mono" })}
              </Field>
              <Field label="Depth">
                {(attributes) => (
                  <Select
                    {...attributes}
                    options={[
                      { value: "deep", label: "Deep: reads all data" },
                      { value: "quick", label: "Quick: ids, sizes and a sample" },
                    ]}
                    value={draft.verifyDepth}
                    onValueChange={(depth) => set({ verifyDepth: depth === "quick" ? "quick" : "deep" })}
                  />
                )}
              </Field>
              <Field
                label="Objective in days"
                hint="Empty: no objective for checks."
                error={errors.verifyWithinDays}
              >
                {text("verifyWithinDays", { inputMode: "decimal" })}
              </Field>
            </div>
          </Section>

          <Section
            title="Restore drills"
            toggle={{
              checked: draft.drill,
              onChange: (drill) => set({ drill }),
              off: "No restore is tried.",
            }}
          >
            <div className="grid gap-4 sm:grid-cols-2">
              <Field
                label="Drill schedule"
                hint={<ScheduleInWords preview={preview.data} job="drill" />}
                className="sm:col-span-2"
              >
                {text("drillCron", { className: "font-mono" })}
              </Field>
              <Field label="Pool for scratch images" error={errors.drillPool}>
                {(attributes) => (
                  <Select
                    {...attributes}
                    options={pools.map((pool) => ({ value: pool, label: pool }))}
                    value={draft.drillPool}
                    onValueChange={(drillPool) => set({ drillPool })}
                  />
                )}
              </Field>
              <Field
                label="Images each time"
                hint="Those that were not tried for longest."
                error={errors.drillImages}
              >
                {text("drillImages", { inputMode: "numeric" })}
              </Field>
            </div>
          </Section>

          <Section title="Load">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Images at once" error={errors.parallel}>
                {text("parallel", { inputMode: "numeric" })}
              </Field>
              <Field
                label="Spread over minutes"
                hint="Each run begins up to that much later than its time."
                error={errors.jitterMinutes}
              >
                {text("jitterMinutes", { inputMode: "decimal" })}
              </Field>
            </div>
          </Section>
        </div>
        <MatchedImages preview={preview} isEmpty={isEmptySelection(selectOf(draft))} />
      </div>
    </form>
  );
}

const RULE_LABEL = {
  keepLast: "Last",
  hourly: "Hourly",
  daily: "Daily",
  weekly: "Weekly",
  monthly: "Monthly",
  yearly: "Yearly",
} as const;

/** The fields of a draft that are texts. */
type TextField = {
  [Key in keyof PolicyDraft]: PolicyDraft[Key] extends string ? Key : never;
}[keyof PolicyDraft];

interface SectionProps {
  title: string;
  /** For a part that can be left out. `off` says what that means. */
  toggle?: { checked: boolean; onChange: (checked: boolean) => void; off: string };
  children: ReactNode;
}

function Section({ title, toggle, children }: SectionProps) {
  const id = useId();
  return (
    <Panel
      title={title}
      aside={
        toggle !== undefined && (
          <label htmlFor={id} className="flex items-center gap-2 text-ink-2 text-xs">
            <input
              id={id}
              type="checkbox"
              aria-label={title}
              checked={toggle.checked}
              onChange={(event) => toggle.onChange(event.currentTarget.checked)}
              className="size-4 accent-(--brand)"
            />
            {toggle.checked ? "On" : "Off"}
          </label>
        )
      }
    >
      {toggle === undefined || toggle.checked ? (
        <div className="flex flex-col gap-4 p-4">{children}</div>
      ) : (
        <p className="px-4 py-3 text-ink-3 text-xs">{toggle.off}</p>
      )}
    </Panel>
  );
}

function Lines({
  value,
  onChange,
  ...attributes
}: {
  id: string;
  value: string;
  onChange: (text: string) => void;
}) {
  return (
    <textarea
      {...attributes}
      rows={Math.max(2, value.split("\n").length)}
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      className={cn(inputStyle, "h-auto resize-y py-1.5 font-mono text-xs")}
    />
  );
}
