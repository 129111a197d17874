"use client";

import type { ChannelView } from "@coppice/server/router";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Bell, CircleCheck, CircleX, Clock, Mail, Pencil, Plus, Send, Trash2, Webhook } from "lucide-react";
import { useId, useState } from "react";
import { Breadcrumbs, PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { ChannelForm } from "./channel-form.tsx";

/** Where people are told of runs that failed, images that are late, and recoveries. For administrators. */
export function NotificationsPage() {
  const links = useLinks();
  const query = useQuery(trpc.notifications.list.queryOptions());
  const [editing, setEditing] = useState<ChannelView | "new" | null>(null);
  const channels = query.data?.channels;
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <Breadcrumbs items={[{ href: links.policies(), label: "Policies" }]} current="Notifications" />
      <PageHeader title="Notifications">
        <Button variant="primary" onClick={() => setEditing("new")}>
          <Plus aria-hidden />
          New channel
        </Button>
      </PageHeader>
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {channels === undefined ? (
          query.isError ? (
            <ErrorState
              title="The channels could not be loaded"
              problem={toProblem(query.error)}
              onRetry={() => void query.refetch()}
            />
          ) : (
            <div aria-busy="true" className="p-4">
              <Skeleton className="w-1/2" />
            </div>
          )
        ) : channels.length === 0 ? (
          <EmptyState
            icon={Bell}
            title="Nobody is told yet"
            actions={<Button onClick={() => setEditing("new")}>Add a channel</Button>}
          >
            A channel sends a mail or calls a webhook when a run has failed, when images are late, and when
            all is well again: one message for a run, however many images it has.
          </EmptyState>
        ) : (
          <ul className="divide-y divide-line">
            {channels.map((channel) => (
              <ChannelRow key={channel.id} channel={channel} onEdit={() => setEditing(channel)} />
            ))}
          </ul>
        )}
      </div>
      <Dialog open={editing !== null} onOpenChange={(open) => !open && setEditing(null)}>
        <DialogContent
          title={editing === "new" || editing === null ? "New channel" : `Edit ${editing.name}`}
          description="The secret is stored encrypted and is never shown again."
        >
          {editing !== null && (
            <ChannelForm channel={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
          )}
        </DialogContent>
      </Dialog>
    </div>
  );
}

const DELIVERY = {
  sent: { label: "Delivered", icon: CircleCheck, tone: "brand" },
  pending: { label: "Trying again", icon: Clock, tone: "warn" },
  failed: { label: "Not delivered", icon: CircleX, tone: "danger" },
} as const;

function ChannelRow({ channel, onEdit }: { channel: ChannelView; onEdit: () => void }) {
  const { id, name, settings, events, enabled, last } = channel;
  const client = useQueryClient();
  const headingId = useId();
  const refresh = () => client.invalidateQueries(trpc.notifications.pathFilter());
  const test = useMutation(
    trpc.notifications.test.mutationOptions({
      onSuccess: () => toast("The test message was taken", { tone: "good", description: name }),
    }),
  );
  const remove = useMutation(trpc.notifications.remove.mutationOptions({ onSuccess: refresh }));
  const Icon = settings.kind === "email" ? Mail : Webhook;
  const place = settings.kind === "email" ? settings.to.join(", ") : settings.url;
  const look = last === null ? null : DELIVERY[last.state];
  const failure = test.error ?? remove.error;
  return (
    <li aria-labelledby={headingId} className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Icon aria-hidden className="size-4 text-ink-3" />
        <div className="min-w-0 flex-1">
          <h2 id={headingId} className="flex flex-wrap items-center gap-2 font-medium">
            {name}
            {!enabled && <Badge tone="warn">Off</Badge>}
          </h2>
          <p className="wrap-anywhere text-ink-2 text-xs">{place}</p>
          <p className="text-ink-3 text-xs">Told of: {events.join(", ")}</p>
          {last !== null && look !== null && (
            <p className="mt-1 flex flex-wrap items-center gap-1.5 text-ink-2 text-xs">
              <Badge tone={look.tone}>
                <look.icon aria-hidden />
                {look.label}
              </Badge>
              {last.subject} · <Time at={last.at} />
              {last.error !== null && (
                <span className="wrap-anywhere block w-full text-danger">{last.error}</span>
              )}
            </p>
          )}
        </div>
        <div className="flex flex-wrap gap-2">
          <Button size="sm" disabled={test.isPending} onClick={() => test.mutate({ id })}>
            <Send aria-hidden />
            Send a test
          </Button>
          <Button size="sm" aria-label={`Edit ${name}`} onClick={onEdit}>
            <Pencil aria-hidden />
            Edit
          </Button>
          <Button
            size="icon-sm"
            variant="danger"
            aria-label={`Remove ${name}`}
            title="Remove"
            disabled={remove.isPending}
            onClick={() => remove.mutate({ id })}
          >
            <Trash2 aria-hidden />
          </Button>
        </div>
      </div>
      {failure !== null && (
        <div className="mt-3">
          <ProblemCallout problem={toProblem(failure)} announce />
        </div>
      )}
    </li>
  );
}
