"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQuery } from "@tanstack/react-query";
import { FileUp, Globe, HardDriveUpload } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Controller, FormProvider, useForm, useWatch } from "react-hook-form";
import { z } from "zod";
import { ProblemCallout } from "#components/state.tsx";
import { Field, Input, Segmented } from "#components/ui/form.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { type Problem, toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { formatBytes } from "#lib/format.ts";
import { isActive } from "#lib/task.ts";
import { FormFooter, TargetFields, targetSchema, targetSpec } from "./fields.tsx";
import { TaskRun } from "./task-run.tsx";

const importSchema = targetSchema
  .extend({
    kind: z.enum(["upload", "url"]),
    file: z.custom<File | null>(),
    url: z.string(),
    sha256: z
      .string()
      .trim()
      .regex(/^([0-9a-f]{64})?$/i, "A sha256 checksum has 64 hex digits."),
  })
  .superRefine(({ kind, file, url }, context) => {
    const issue = (path: "file" | "url", message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (kind === "upload" && file === null) issue("file", "Choose a file.");
    if (kind === "upload" && file?.size === 0) issue("file", "This file is empty.");
    if (kind === "url" && !/^https?:\/\/./i.test(url.trim())) {
      issue("url", "Enter an address that begins with http:// or https://.");
    }
  });

type ImportDraft = z.infer<typeof importSchema>;

/** A template from a disk: a file of this computer, or one that the server downloads. */
export function ImportForm({ poolSpec, onClose }: { poolSpec: string; onClose: () => void }) {
  const cluster = useCluster();
  const [started, setStarted] = useState<{ taskId: string; upload: string | null; file: File | null } | null>(
    null,
  );
  const form = useForm<ImportDraft>({
    resolver: zodResolver(importSchema),
    defaultValues: { poolSpec, name: "", kind: "upload", file: null, url: "", sha256: "" },
    mode: "onChange",
  });
  const kind = useWatch({ control: form.control, name: "kind" });
  const limits = useQuery(trpc.volumes.import.limits.queryOptions({ cluster }));
  const start = useMutation(trpc.volumes.import.start.mutationOptions({ retry: false }));
  const submit = form.handleSubmit(async (draft) => {
    const { file, sha256, url } = draft;
    const source =
      draft.kind === "upload"
        ? { kind: "upload" as const, size: file?.size ?? 0 }
        : { kind: "url" as const, url: url.trim() };
    const checksum = sha256 === "" ? {} : { sha256 };
    const answer = await start
      .mutateAsync({ cluster, target: targetSpec(draft), source, ...checksum })
      .catch(() => null); // `start.error` is shown above the buttons
    if (answer !== null) setStarted({ ...answer, file });
  });

  if (started !== null) return <ImportRun {...started} onBack={() => setStarted(null)} onClose={onClose} />;
  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <p className="text-ink-2">
            A raw or qcow2 disk becomes a template: an image with the protected snapshot{" "}
            <code className="font-mono text-xs">snap</code>, from which any number of images can be made.
          </p>
          <Segmented
            label="Source"
            value={kind}
            onValueChange={(next) =>
              form.setValue("kind", next, { shouldValidate: form.formState.isSubmitted })
            }
            options={[
              { value: "upload", label: "File on this computer", icon: <FileUp aria-hidden /> },
              { value: "url", label: "Web address", icon: <Globe aria-hidden /> },
            ]}
            className="self-start"
          />
          {kind === "upload" ? (
            <FileField
              maxBytes={limits.data?.maxBytes}
              onChosen={(file) => {
                if (form.getValues("name") !== "") return;
                form.setValue("name", nameFrom(file.name), { shouldDirty: true, shouldValidate: true });
              }}
            />
          ) : (
            <UrlField isPrivateAllowed={limits.data?.allowPrivate === true} />
          )}
          <TargetFields label="Name of the template" />
          <Controller
            name="sha256"
            control={form.control}
            render={({ field, fieldState }) => (
              <Field
                label="sha256 checksum (optional)"
                hint="If the file has another one, nothing is imported."
                error={fieldState.error?.message}
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
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter submit="Import" pending={start.isPending} onClose={onClose} />
      </form>
    </FormProvider>
  );
}

/** A name for the image of a file: `debian-12.qcow2` becomes `debian-12`. */
export function nameFrom(file: string): string {
  return file.replace(/\.(raw|img|qcow2|bin|iso)$/i, "").replace(/[@/\s]+/g, "-");
}

/** The file to upload: chosen, or dropped. */
function FileField({ maxBytes, onChosen }: { maxBytes: number | undefined; onChosen: (file: File) => void }) {
  const [isOver, setIsOver] = useState(false);
  return (
    <Controller<ImportDraft, "file">
      name="file"
      render={({ field, fieldState }) => {
        const choose = (file: File | undefined) => {
          if (file === undefined) return;
          field.onChange(file);
          onChosen(file);
        };
        const file = field.value;
        const isTooLarge = file !== null && maxBytes !== undefined && file.size > maxBytes;
        const most = maxBytes === undefined ? "" : ` At most ${formatBytes(maxBytes)}.`;
        return (
          <Field
            label="File"
            error={
              isTooLarge && maxBytes !== undefined
                ? `This file has ${formatBytes(file.size)}, and at most ${formatBytes(maxBytes)} may be imported.`
                : fieldState.error?.message
            }
            hint={`Keep this page open until it is sent.${most}`}
          >
            {({ id, ...ids }) => (
              <label
                htmlFor={id}
                onDragOver={(event) => {
                  event.preventDefault();
                  setIsOver(true);
                }}
                onDragLeave={() => setIsOver(false)}
                onDrop={(event) => {
                  event.preventDefault();
                  setIsOver(false);
                  choose(event.dataTransfer.files[0]);
                }}
                className={cn(
                  "flex min-h-20 cursor-pointer flex-col items-center justify-center gap-1 rounded-lg border border-line-strong border-dashed px-4 py-3 text-center transition-colors hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-ring",
                  isOver && "border-brand bg-brand-soft",
                )}
              >
                <HardDriveUpload aria-hidden className="size-5 text-ink-3" />
                {file === null ? (
                  <span className="text-ink-2">Choose a file, or drop it here</span>
                ) : (
                  <span className="wrap-anywhere">
                    <span className="font-mono text-xs">{file.name}</span>{" "}
                    <span className="text-ink-3">({formatBytes(file.size)})</span>
                  </span>
                )}
                <input
                  {...ids}
                  id={id}
                  type="file"
                  ref={field.ref}
                  onBlur={field.onBlur}
                  onChange={(event) => choose(event.target.files?.[0])}
                  className="sr-only"
                />
              </label>
            )}
          </Field>
        );
      }}
    />
  );
}

function UrlField({ isPrivateAllowed }: { isPrivateAllowed: boolean }) {
  return (
    <Controller<ImportDraft, "url">
      name="url"
      render={({ field, fieldState }) => (
        <Field
          label="Address"
          hint={
            isPrivateAllowed
              ? "The server downloads it."
              : "The server downloads it. Addresses of private networks are refused."
          }
          error={fieldState.error?.message}
        >
          {(ids) => (
            <Input
              {...ids}
              {...field}
              type="url"
              placeholder="https://example.org/debian-12.qcow2"
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-xs"
            />
          )}
        </Field>
      )}
    />
  );
}

interface ImportRunProps {
  taskId: string;
  upload: string | null;
  file: File | null;
  onBack: () => void;
  onClose: () => void;
}

/** Sends the file, and shows the task that writes it. */
function ImportRun({ taskId, upload, file, onBack, onClose }: ImportRunProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [abort] = useState(() => new AbortController());
  const sent = useRef(false);
  useEffect(() => {
    if (sent.current || upload === null || file === null) return;
    sent.current = true;
    void sendFile(upload, file, abort.signal).then(setProblem);
  }, [upload, file, abort]);
  // A task that has ended reads nothing more.
  const { data: task } = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  const hasEnded = task !== undefined && !isActive(task.state);
  useEffect(() => {
    if (hasEnded) abort.abort();
  }, [hasEnded, abort]);
  return (
    <TaskRun taskId={taskId} made="the template" onBack={onBack} onClose={onClose}>
      {problem !== null && <ProblemCallout problem={problem} announce />}
      {problem === null && upload !== null && (
        <p className="text-ink-3 text-xs">
          You can close this dialog and go on working, but keep the page open until the file is sent.
        </p>
      )}
    </TaskRun>
  );
}

/** Files that are being sent by this tab. */
let sending = 0;

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/**
 * Sends a file to the import that expects it. It goes on when the dialog is closed; while it does, the browser asks before
 * the page is left. What became of it is told by the task; this only tells when the file could not be sent at all.
 *
 * @returns null when the file was taken, otherwise why not
 */
async function sendFile(path: string, file: Blob, signal: AbortSignal): Promise<Problem | null> {
  sending += 1;
  if (sending === 1) window.addEventListener("beforeunload", warn);
  try {
    const response = await fetch(path, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: file,
      signal,
    });
    return response.ok ? null : ((await response.json()) as Problem);
  } catch (error) {
    return {
      code: "OFFLINE",
      message: `The file could not be sent: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Check that the file can still be read and that the server is reached, and import it again.",
      object: null,
    };
  } finally {
    sending -= 1;
    if (sending === 0) window.removeEventListener("beforeunload", warn);
  }
}
