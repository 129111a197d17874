"use client";

import type { OwnSession } from "@coppice/server/router";
import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Badge, Callout, Panel } from "#components/ui/panel.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { FactList, Time } from "#components/values.tsx";
import { changePassword } from "#features/session/auth-api.ts";
import { useMe } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { browserName } from "./browser-name.ts";
import { Cell, SettingsTable, TableSkeleton } from "./table.tsx";

/** The least characters of a password, as the server demands. */
const LEAST_PASSWORD = 12;

/** One's own account: who one is, the password, and where one is signed in. */
export function AccountTab() {
  const { user } = useMe();
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,22rem)_minmax(0,1fr)]">
      <div className="flex flex-col gap-4">
        <Panel title="Account">
          <FactList
            className="px-4 py-3"
            facts={[
              ["Username", user.username],
              ["Name", user.name],
              ["Role", <RoleNote key="role" role={user.role} />],
            ]}
          />
        </Panel>
        <PasswordPanel hasPassword={user.hasPassword} />
      </div>
      <SessionsPanel />
    </div>
  );
}

const MAY = {
  viewer: "sees everything, changes nothing",
  operator: "changes images and backups",
  admin: "also manages users and the server",
} as const;

export function RoleNote({ role }: { role: keyof typeof MAY }) {
  return (
    <>
      {role} <span className="text-ink-3">· {MAY[role]}</span>
    </>
  );
}

const passwords = z
  .object({
    hasPassword: z.boolean(),
    current: z.string(),
    chosen: z.string().min(LEAST_PASSWORD, `Choose at least ${LEAST_PASSWORD} characters.`).max(256),
    again: z.string(),
  })
  .refine(({ hasPassword, current }) => !hasPassword || current !== "", {
    path: ["current"],
    message: "Enter your current password.",
  })
  .refine(({ chosen, again }) => chosen === again, {
    path: ["again"],
    message: "This is not the same password.",
  });

/** Changes the password; after a sign-in link, chooses the first one. */
function PasswordPanel({ hasPassword }: { hasPassword: boolean }) {
  const client = useQueryClient();
  const setFirst = useMutation(trpc.session.setPassword.mutationOptions());
  const [failure, setFailure] = useState<string | null>(null);
  const form = useForm({
    resolver: zodResolver(passwords),
    values: { hasPassword, current: "", chosen: "", again: "" },
  });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ current, chosen }) => {
    setFailure(null);
    try {
      if (hasPassword) await changePassword(current, chosen);
      else await setFirst.mutateAsync({ password: chosen });
    } catch (error) {
      setFailure(toProblem(error).message);
      return;
    }
    form.reset();
    toast(hasPassword ? "Password changed" : "Password set", {
      tone: "good",
      ...(hasPassword ? { description: "You are signed out everywhere else." } : {}),
    });
    await client.invalidateQueries(trpc.session.pathFilter());
  });
  const fields = [
    ...(hasPassword
      ? [{ name: "current", label: "Current password", complete: "current-password" } as const]
      : []),
    { name: "chosen", label: "New password", complete: "new-password" },
    { name: "again", label: "New password again", complete: "new-password" },
  ] as const;
  return (
    <Panel title={hasPassword ? "Change the password" : "Choose a password"}>
      <form
        onSubmit={(event) => void submit(event)}
        noValidate
        className="flex flex-col items-start gap-3 px-4 py-3"
      >
        {!hasPassword && (
          <Callout kind="warn" title="You have no password yet.">
            The link that brought you here works once. Without a password you cannot sign in again.
          </Callout>
        )}
        {failure !== null && <Callout kind="danger" title={failure} announce className="w-full" />}
        {fields.map(({ name, label, complete }) => (
          <Field
            key={name}
            label={label}
            error={errors[name]?.message}
            className="w-full"
            {...(name === "chosen" ? { hint: `At least ${LEAST_PASSWORD} characters.` } : {})}
          >
            {(control) => (
              <Input {...control} {...form.register(name)} type="password" autoComplete={complete} />
            )}
          </Field>
        ))}
        <Button type="submit" variant="primary" disabled={isSubmitting} focusableWhenDisabled>
          {isSubmitting && <Spinner />}
          {hasPassword ? "Change the password" : "Set the password"}
        </Button>
      </form>
    </Panel>
  );
}

/** The browsers in which one is signed in. */
function SessionsPanel() {
  const client = useQueryClient();
  const sessions = useQuery(trpc.session.list.queryOptions());
  const end = useMutation(
    trpc.session.end.mutationOptions({
      onSuccess: ({ ended }) => {
        toast(`${plural(ended, "session")} ended`, { tone: "good" });
        return client.invalidateQueries(trpc.session.list.queryFilter());
      },
    }),
  );
  const others = sessions.data?.filter(({ current }) => !current) ?? [];
  return (
    <Panel
      title="Where you are signed in"
      aside={
        others.length > 0 && (
          <Button size="sm" disabled={end.isPending} onClick={() => end.mutate({ id: null })}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      {end.isError && (
        <div className="p-3">
          <ProblemCallout problem={toProblem(end.error)} announce />
        </div>
      )}
      {sessions.data === undefined ? (
        sessions.isError ? (
          <ErrorState
            title="The sessions could not be loaded"
            problem={toProblem(sessions.error)}
            onRetry={() => void sessions.refetch()}
          />
        ) : (
          <TableSkeleton rows={2} />
        )
      ) : (
        <SettingsTable
          columns={[
            { label: "Browser" },
            { label: "Address", className: "hidden w-36 sm:table-cell" },
            { label: "Since", className: "hidden w-36 sm:table-cell" },
            { label: "Actions", className: "w-24", quiet: true },
          ]}
        >
          {sessions.data.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              disabled={end.isPending}
              onEnd={() => end.mutate({ id: session.id })}
            />
          ))}
        </SettingsTable>
      )}
    </Panel>
  );
}

function SessionRow({
  session,
  disabled,
  onEnd,
}: {
  session: OwnSession;
  disabled: boolean;
  onEnd: () => void;
}) {
  const browser = browserName(session.userAgent);
  return (
    <tr>
      <Cell>
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1" title={session.userAgent ?? undefined}>
          {browser}
          {session.current && <Badge tone="brand">This session</Badge>}
        </span>
        <span className="text-ink-3 text-xs sm:hidden">
          <Time at={session.createdAt} /> · {session.address}
        </span>
      </Cell>
      <Cell className="wrap-anywhere hidden font-mono text-ink-2 text-xs sm:table-cell">
        {session.address}
      </Cell>
      <Cell className="hidden text-ink-2 sm:table-cell">
        <Time at={session.createdAt} />
      </Cell>
      <Cell className="text-right">
        {!session.current && (
          <Button size="sm" disabled={disabled} onClick={onEnd} aria-label={`Sign out ${browser}`}>
            Sign out
          </Button>
        )}
      </Cell>
    </tr>
  );
}
