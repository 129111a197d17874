"use client";

import type { ApiKeyRow } from "@coppice/server/router";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { useState } from "react";
import { EmptyState, ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Segmented, Select } from "#components/ui/form.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { Time } from "#components/values.tsx";
import { useIsAdmin, useMe } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { Secret } from "./new-user-dialog.tsx";
import { rolesUpTo } from "./roles.ts";
import { Cell, SettingsTable, TableBox, TableSkeleton } from "./table.tsx";

/** The keys with which scripts act for their owner. */
export function KeysTab() {
  const isAdmin = useIsAdmin();
  const [whose, setWhose] = useQueryState("whose", parseAsStringLiteral(["own", "all"]).withDefault("own"));
  const everyone = isAdmin && whose === "all";
  const keys = useQuery(trpc.keys.list.queryOptions({ everyone }));
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKeyRow | null>(null);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="text-ink-2">With a key a script calls the API and reads the metrics in your name.</p>
        <div className="flex items-center gap-2">
          {isAdmin && (
            <Segmented
              label="Whose keys"
              value={whose}
              onValueChange={(next) => void setWhose(next)}
              options={[
                { value: "own", label: "Mine" },
                { value: "all", label: "Everyone's" },
              ]}
            />
          )}
          <Button variant="primary" onClick={() => setCreating(true)}>
            <KeyRound aria-hidden />
            New key…
          </Button>
        </div>
      </div>
      <TableBox>
        {keys.data === undefined ? (
          keys.isError ? (
            <ErrorState
              title="The API keys could not be loaded"
              problem={toProblem(keys.error)}
              onRetry={() => void keys.refetch()}
            />
          ) : (
            <TableSkeleton rows={3} />
          )
        ) : keys.data.length === 0 ? (
          <EmptyState
            icon={KeyRound}
            title="No API keys"
            actions={<Button onClick={() => setCreating(true)}>New key…</Button>}
          >
            Create one for each script, so that you can revoke it alone. The tab API shows how to use it.
          </EmptyState>
        ) : (
          <SettingsTable
            columns={[
              { label: "Key" },
              { label: "Role", className: "w-24" },
              ...(everyone ? [{ label: "Owner", className: "hidden w-32 sm:table-cell" }] : []),
              { label: "Last used", className: "hidden w-36 md:table-cell" },
              { label: "Expires", className: "hidden w-36 sm:table-cell" },
              { label: "Actions", className: "w-24", quiet: true },
            ]}
          >
            {keys.data.map((key) => (
              <tr key={key.id}>
                <Cell>
                  <span className="wrap-anywhere font-medium">{key.name}</span>
                  <span className="block font-mono text-2xs text-ink-3">{key.start}…</span>
                </Cell>
                <Cell>{key.role}</Cell>
                {everyone && <Cell className="hidden sm:table-cell">{key.owner}</Cell>}
                <Cell className="hidden text-ink-2 md:table-cell">
                  {key.lastUsedAt === null ? "Never" : <Time at={key.lastUsedAt} />}
                </Cell>
                <Cell className="hidden text-ink-2 sm:table-cell">
                  <Expiry at={key.expiresAt} />
                </Cell>
                <Cell className="text-right">
                  <Button size="sm" onClick={() => setRevoking(key)} aria-label={`Revoke ${key.name}`}>
                    Revoke…
                  </Button>
                </Cell>
              </tr>
            ))}
          </SettingsTable>
        )}
      </TableBox>
      {creating && <NewKeyDialog onClose={() => setCreating(false)} />}
      {revoking !== null && <RevokeDialog apiKey={revoking} onClose={() => setRevoking(null)} />}
    </div>
  );
}

function Expiry({ at }: { at: string | null }) {
  if (at === null) return "Never";
  if (Date.parse(at) <= Date.now()) return <Badge tone="warn">Expired</Badge>;
  return <Time at={at} />;
}

function RevokeDialog({ apiKey: { id, name, owner }, onClose }: { apiKey: ApiKeyRow; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation(
    trpc.keys.revoke.mutationOptions({ onSuccess: () => client.invalidateQueries(trpc.keys.pathFilter()) }),
  );
  return (
    <ConfirmDialog
      title={`Revoke ${name}`}
      action="Revoke the key"
      danger
      onConfirm={() => revoke.mutateAsync({ id })}
      onClose={onClose}
    >
      <p>
        Requests with this key of {owner} are refused from now on. Tasks that it has started go on. A revoked
        key cannot be restored.
      </p>
    </ConfirmDialog>
  );
}

const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "One year" },
  { value: "never", label: "Never" },
] as const;

/** Asks what the key is for, creates it, and shows it once. */
function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { user } = useMe();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [lifetime, setLifetime] = useState<string>("90");
  const [missing, setMissing] = useState(false);
  const roles = rolesUpTo(user.role);
  const create = useMutation(
    trpc.keys.create.mutationOptions({ onSuccess: () => client.invalidateQueries(trpc.keys.pathFilter()) }),
  );
  const submit = () => {
    setMissing(name.trim() === "");
    if (name.trim() === "") return;
    create.mutate({
      name,
      role: roles.find(({ value }) => value === role)?.value ?? "viewer",
      days: lifetime === "never" ? null : Number(lifetime),
    });
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      {create.data === undefined ? (
        <DialogContent title="New API key" description={null} className="max-w-lg">
          <form
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              submit();
            }}
          >
            <div className="flex flex-col gap-4 px-5 py-4">
              <Field
                label="Name"
                hint="What uses it, such as prometheus. The audit log names it."
                error={missing ? "Enter a name." : null}
              >
                {(control) => (
                  <Input
                    {...control}
                    value={name}
                    onValueChange={setName}
                    maxLength={64}
                    autoComplete="off"
                  />
                )}
              </Field>
              <Field label="Role" hint="The weakest that suffices. Never more than you may do yourself.">
                {(control) => <Select {...control} options={roles} value={role} onValueChange={setRole} />}
              </Field>
              <Field label="Expires after">
                {(control) => (
                  <Select {...control} options={LIFETIMES} value={lifetime} onValueChange={setLifetime} />
                )}
              </Field>
              {create.isError && <ProblemCallout problem={toProblem(create.error)} announce />}
            </div>
            <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" variant="primary" disabled={create.isPending} focusableWhenDisabled>
                {create.isPending && <Spinner />}
                Create the key
              </Button>
            </footer>
          </form>
        </DialogContent>
      ) : (
        <DialogContent
          title={`API key ${name}`}
          description="Copy it now. It is not shown again."
          className="max-w-lg"
        >
          <div className="flex flex-col gap-3 px-5 py-4">
            <Secret label="API key" text={create.data.key} />
            <p className="text-ink-2">
              Send it as <code className="font-mono text-xs">Authorization: Bearer …</code>
            </p>
          </div>
          <footer className="flex justify-end border-line border-t px-5 py-3">
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </footer>
        </DialogContent>
      )}
    </Dialog>
  );
}
