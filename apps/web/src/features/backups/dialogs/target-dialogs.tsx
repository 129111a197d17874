"use client";

import type { TargetSettings, TargetView } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Select } from "#components/ui/form.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { Choice, usePoolSpecs } from "./fields.tsx";

/** Adds a pool or a directory as a place for backups. */
export function AddTargetDialog({ onClose }: { onClose: () => void }) {
  const cluster = useCluster();
  const client = useQueryClient();
  const poolSpecs = usePoolSpecs("");
  const [kind, setKind] = useState<TargetSettings["kind"]>("pool");
  const [name, setName] = useState("");
  const [poolSpec, setPoolSpec] = useState("");
  const [dataPool, setDataPool] = useState("");
  const [path, setPath] = useState("");
  const [level, setLevel] = useState("3");
  const add = useMutation(
    trpc.backups.targets.add.mutationOptions({
      onSuccess: async ({ name: added }) => {
        onClose();
        toast(`Backups can be kept in ${added}`, { tone: "good" });
        await client.invalidateQueries(trpc.backups.pathFilter());
      },
    }),
  );
  const [pool = "", namespace = ""] = poolSpec.split("/");
  const settings: TargetSettings =
    kind === "pool"
      ? { kind, cluster, pool, namespace, dataPool: dataPool === "" ? null : dataPool, stripe: null }
      : { kind, path: path.trim(), compression: level === "" ? null : Number(level) };
  const suggested = kind === "pool" ? poolSpec : (path.trim().split("/").filter(Boolean).at(-1) ?? "");
  const chosenName = name.trim() === "" ? suggested : name.trim();
  const isComplete = chosenName !== "" && (kind === "pool" ? pool !== "" : path.trim().startsWith("/"));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete && !add.isPending) add.mutate({ name: chosenName, settings });
  };
  return (
    <DialogContent title="Add a target" description="A place in which backups are kept.">
      <form onSubmit={submit} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <Choice
            legend="Kind"
            value={kind}
            onValueChange={setKind}
            choices={[
              {
                value: "pool",
                label: "A pool",
                hint: "Backups are images and snapshots. They can be restored at once, as clones.",
              },
              {
                value: "directory",
                label: "A directory",
                hint: "Backups are files in the format rbd diff, on the server's machine or on NFS.",
              },
            ]}
          />
          {kind === "pool" ? (
            <div className="grid gap-3 sm:grid-cols-2">
              <Field label="Pool" hint="A pool of its own, so that its space can be limited.">
                {(control) => (
                  <Select
                    {...control}
                    mono
                    options={poolSpecs.map((value) => ({ value, label: value }))}
                    value={poolSpec}
                    onValueChange={setPoolSpec}
                  />
                )}
              </Field>
              <Field label="Data pool" hint="For an erasure-coded pool; names and records stay in the pool.">
                {(control) => (
                  <Select
                    {...control}
                    options={[
                      { value: "", label: "The same pool" },
                      ...poolSpecs
                        .filter((spec) => !spec.includes("/"))
                        .map((value) => ({ value, label: value })),
                    ]}
                    value={dataPool}
                    onValueChange={setDataPool}
                  />
                )}
              </Field>
            </div>
          ) : (
            <div className="grid gap-3 sm:grid-cols-[2fr_1fr]">
              <Field label="Directory" hint="An absolute path on the server. It is made if it is not there.">
                {(control) => (
                  <Input
                    {...control}
                    value={path}
                    onChange={(event) => setPath(event.target.value)}
                    placeholder="/srv/backups"
                    autoComplete="off"
                    spellCheck={false}
                    className="font-mono text-xs"
                  />
                )}
              </Field>
              <Field label="Compression">
                {(control) => (
                  <Select
                    {...control}
                    options={[
                      { value: "", label: "None" },
                      { value: "3", label: "zstd, fast" },
                      { value: "9", label: "zstd, smaller" },
                    ]}
                    value={level}
                    onValueChange={setLevel}
                  />
                )}
              </Field>
            </div>
          )}
          <Field label="Name" hint="As it is called in the lists.">
            {(control) => (
              <Input
                {...control}
                value={name}
                onChange={(event) => setName(event.target.value)}
                placeholder={suggested}
                autoComplete="off"
              />
            )}
          </Field>
          {add.isError && <ProblemCallout problem={toProblem(add.error)} announce />}
        </div>
        <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant="primary"
            disabled={!isComplete || add.isPending}
            focusableWhenDisabled
          >
            {add.isPending && <Spinner />}
            Add the target
          </Button>
        </footer>
      </form>
    </DialogContent>
  );
}

/** Takes a target from the list. Its backups stay where they are. */
export function RemoveTargetDialog({ target, onClose }: { target: TargetView; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation(
    trpc.backups.targets.remove.mutationOptions({
      onSuccess: async () => {
        onClose();
        await client.invalidateQueries(trpc.backups.pathFilter());
      },
    }),
  );
  return (
    <DialogContent title="Remove a target" description={`${target.name}, ${target.place}`}>
      <div className="px-5 py-4">
        <ul className="flex list-disc flex-col gap-1.5 pl-5 text-ink-2">
          <li>The backups in it stay where they are. Adding the target again shows them again.</li>
          <li>Until then nothing here backs up to it, verifies it or prunes it.</li>
        </ul>
        {remove.isError && <ProblemCallout problem={toProblem(remove.error)} announce />}
      </div>
      <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="danger"
          disabled={remove.isPending}
          focusableWhenDisabled
          onClick={() => remove.mutate({ id: target.id })}
        >
          {remove.isPending && <Spinner />}
          Remove from the list
        </Button>
      </footer>
    </DialogContent>
  );
}
