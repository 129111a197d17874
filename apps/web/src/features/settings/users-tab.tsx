"use client";

import type { Role, UserRow } from "@coppice/server/router";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, UserPlus } from "lucide-react";
import { useState } from "react";
import { ErrorState, StaleNotice } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Select } from "#components/ui/form.tsx";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "#components/ui/menu.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Time } from "#components/values.tsx";
import { useMe } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { LinkDialog, type NewLink, NewUserDialog } from "./new-user-dialog.tsx";
import { ROLES } from "./roles.ts";
import { Cell, SettingsTable, TableBox, TableSkeleton } from "./table.tsx";

type UserAction = "role" | "reset" | "sign-out" | "disable" | "enable" | "remove";

/** Everybody who has an account. For administrators. */
export function UsersTab() {
  const users = useQuery(trpc.users.list.queryOptions());
  const [creating, setCreating] = useState(false);
  const [link, setLink] = useState<NewLink | null>(null);
  const [asked, setAsked] = useState<{ user: UserRow; action: UserAction } | null>(null);
  const problem = users.isError ? toProblem(users.error) : null;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center justify-between gap-3">
        <p className="text-ink-2">
          A viewer sees everything, an operator changes images, an admin also manages this page.
        </p>
        <Button variant="primary" onClick={() => setCreating(true)}>
          <UserPlus aria-hidden />
          New user…
        </Button>
      </div>
      {problem !== null && users.data !== undefined && (
        <StaleNotice
          problem={problem}
          since={new Date(users.dataUpdatedAt).toISOString()}
          onRetry={() => void users.refetch()}
        />
      )}
      <TableBox>
        {users.data === undefined ? (
          problem === null ? (
            <TableSkeleton />
          ) : (
            <ErrorState
              title="The users could not be loaded"
              problem={problem}
              onRetry={() => void users.refetch()}
            />
          )
        ) : (
          <SettingsTable
            columns={[
              { label: "User" },
              { label: "Role", className: "w-24 sm:w-32" },
              { label: "State", className: "hidden w-40 sm:table-cell" },
              { label: "Signed in", className: "hidden w-32 md:table-cell" },
              { label: "API keys", className: "hidden w-24 lg:table-cell" },
              { label: "Created", className: "hidden w-36 lg:table-cell" },
              { label: "Actions", className: "w-14", quiet: true },
            ]}
          >
            {users.data.map((user) => (
              <UserTableRow key={user.id} user={user} onAction={(action) => setAsked({ user, action })} />
            ))}
          </SettingsTable>
        )}
      </TableBox>
      {creating && <NewUserDialog onClose={() => setCreating(false)} onLink={setLink} />}
      {link !== null && <LinkDialog link={link} onClose={() => setLink(null)} />}
      {asked !== null && <ActionDialog {...asked} onClose={() => setAsked(null)} onLink={setLink} />}
    </div>
  );
}

function UserTableRow({ user, onAction }: { user: UserRow; onAction: (action: UserAction) => void }) {
  const { user: me } = useMe();
  const own = user.id === me.id;
  const disabled = user.disabledAt !== null;
  return (
    <tr>
      <Cell>
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="wrap-anywhere font-medium">{user.username}</span>
          {own && <Badge tone="brand">You</Badge>}
          {disabled && <Badge className="sm:hidden">Disabled</Badge>}
        </span>
        {user.name !== user.username && <span className="wrap-anywhere text-ink-3 text-xs">{user.name}</span>}
      </Cell>
      <Cell>{user.role ?? <span className="text-danger">none</span>}</Cell>
      <Cell className="hidden sm:table-cell">
        {disabled ? (
          <Badge>Disabled</Badge>
        ) : user.hasPassword ? (
          "Active"
        ) : (
          <Badge tone="warn">No password yet</Badge>
        )}
      </Cell>
      <Cell className="hidden text-ink-2 md:table-cell">
        {user.sessions === 0 ? "–" : plural(user.sessions, "session")}
      </Cell>
      <Cell className="hidden text-ink-2 tabular-nums lg:table-cell">
        {user.apiKeys === 0 ? "–" : user.apiKeys}
      </Cell>
      <Cell className="hidden text-ink-2 lg:table-cell">
        <Time at={user.createdAt} />
      </Cell>
      <Cell className="py-1.5 text-right">
        <Menu>
          <MenuTrigger
            render={<Button variant="ghost" size="icon-sm" aria-label={`Actions for ${user.username}`} />}
          >
            <Ellipsis aria-hidden />
          </MenuTrigger>
          <MenuContent>
            <MenuItem onClick={() => onAction("role")}>Change the role…</MenuItem>
            <MenuItem disabled={disabled} onClick={() => onAction("reset")}>
              Reset the password…
            </MenuItem>
            <MenuItem disabled={user.sessions === 0} onClick={() => onAction("sign-out")}>
              Sign out everywhere…
            </MenuItem>
            <MenuSeparator />
            {disabled ? (
              <MenuItem onClick={() => onAction("enable")}>Enable…</MenuItem>
            ) : (
              <MenuItem disabled={own} onClick={() => onAction("disable")}>
                Disable…
              </MenuItem>
            )}
            <MenuItem disabled={own} onClick={() => onAction("remove")}>
              Remove…
            </MenuItem>
          </MenuContent>
        </Menu>
      </Cell>
    </tr>
  );
}

/** Asks before an account is changed. */
function ActionDialog({
  user: { id, username, role },
  action,
  onClose,
  onLink,
}: {
  user: UserRow;
  action: UserAction;
  onClose: () => void;
  onLink: (link: NewLink) => void;
}) {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries(trpc.users.pathFilter());
  const setRole = useMutation(trpc.users.setRole.mutationOptions({ onSuccess }));
  const setDisabled = useMutation(trpc.users.setDisabled.mutationOptions({ onSuccess }));
  const reset = useMutation(trpc.users.resetPassword.mutationOptions({ onSuccess }));
  const endSessions = useMutation(trpc.users.endSessions.mutationOptions({ onSuccess }));
  const remove = useMutation(trpc.users.remove.mutationOptions({ onSuccess }));
  const [chosen, setChosen] = useState<Role>(role ?? "viewer");

  switch (action) {
    case "role":
      return (
        <ConfirmDialog
          title={`Role of ${username}`}
          action="Change the role"
          onConfirm={() => setRole.mutateAsync({ id, role: chosen })}
          onClose={onClose}
        >
          <Select
            aria-label="Role"
            options={ROLES}
            value={chosen}
            onValueChange={(next) => setChosen(ROLES.find(({ value }) => value === next)?.value ?? chosen)}
          />
          <p>It holds from the next request on, for API keys too: a key may do at most what its owner may.</p>
        </ConfirmDialog>
      );
    case "reset":
      return (
        <ConfirmDialog
          title={`Reset the password of ${username}`}
          action="Reset the password"
          danger
          onConfirm={async () => onLink({ username, ...(await reset.mutateAsync({ id })) })}
          onClose={onClose}
        >
          <p>
            The password is removed and {username} is signed out everywhere. You get a link that opens the
            account once, to pass on. API keys stay valid.
          </p>
        </ConfirmDialog>
      );
    case "sign-out":
      return (
        <ConfirmDialog
          title={`Sign out ${username} everywhere`}
          action="Sign out everywhere"
          onConfirm={() => endSessions.mutateAsync({ id })}
          onClose={onClose}
        >
          <p>All sessions of {username} end. Signing in again remains possible; API keys stay valid.</p>
        </ConfirmDialog>
      );
    case "disable":
    case "enable":
      return (
        <ConfirmDialog
          title={action === "disable" ? `Disable ${username}` : `Enable ${username}`}
          action={action === "disable" ? "Disable" : "Enable"}
          danger={action === "disable"}
          onConfirm={() => setDisabled.mutateAsync({ id, disabled: action === "disable" })}
          onClose={onClose}
        >
          <p>
            {action === "disable"
              ? `${username} is signed out, can no longer sign in, and the API keys are refused. Enabling the account again undoes this. Tasks that run go on.`
              : `${username} can sign in again, and the API keys work again.`}
          </p>
        </ConfirmDialog>
      );
    case "remove":
      return (
        <ConfirmDialog
          title={`Remove ${username}`}
          action="Remove the user"
          danger
          typed={username}
          onConfirm={() => remove.mutateAsync({ id })}
          onClose={onClose}
        >
          <p>
            The account, its sessions and its API keys are removed for good. Tasks and entries of the audit
            log stay.
          </p>
        </ConfirmDialog>
      );
  }
}
