import type { ChannelView } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Field, Input, Segmented, Select } from "#components/ui/form.tsx";
import { toProblem, trpc } from "#lib/api.ts";

type Settings = ChannelView["settings"];
type Email = Extract<Settings, { kind: "email" }>;

const EVENTS = [
  { value: "failed", label: "A run has failed" },
  { value: "late", label: "Images are late" },
  { value: "recovered", label: "All is well again" },
] as const;

const KINDS = [
  { value: "email", label: "E-mail" },
  { value: "webhook", label: "Webhook" },
] as const;

const NEW_EMAIL: Email = {
  kind: "email",
  host: "",
  port: 587,
  security: "starttls",
  username: null,
  from: "",
  to: [],
};

/** Makes a channel or changes one. An empty secret leaves the one that is stored. */
export function ChannelForm({ channel, onClose }: { channel: ChannelView | null; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(channel?.name ?? "");
  const [settings, setSettings] = useState<Settings>(channel?.settings ?? NEW_EMAIL);
  const [events, setEvents] = useState<readonly string[]>(
    channel?.events ?? EVENTS.map(({ value }) => value),
  );
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [secret, setSecret] = useState("");
  const onSuccess = async () => {
    await client.invalidateQueries(trpc.notifications.pathFilter());
    onClose();
  };
  const add = useMutation(trpc.notifications.add.mutationOptions({ onSuccess }));
  const change = useMutation(trpc.notifications.change.mutationOptions({ onSuccess }));
  const saving = channel === null ? add : change;
  const isWebhook = settings.kind === "webhook";
  const save = () => {
    const changes = {
      name,
      settings,
      enabled,
      events: EVENTS.map(({ value }) => value).filter((event) => events.includes(event)),
      ...(secret === "" ? {} : { secret }),
    };
    if (channel === null) add.mutate(changes);
    else change.mutate({ ...changes, id: channel.id });
  };
  return (
    <form
      noValidate
      className="flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Segmented
        label="Kind"
        value={settings.kind}
        onValueChange={(kind) => setSettings(kind === "email" ? NEW_EMAIL : { kind, url: "" })}
        options={KINDS}
      />
      <Field label="Name">
        {(attributes) => (
          <Input {...attributes} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        )}
      </Field>
      {isWebhook ? (
        <Field label="Address" hint="Receives a POST with JSON.">
          {(attributes) => (
            <Input
              {...attributes}
              type="url"
              placeholder="https://hooks.example.org/coppice"
              value={settings.url}
              onChange={(event) => setSettings({ kind: "webhook", url: event.currentTarget.value })}
            />
          )}
        </Field>
      ) : (
        <EmailFields settings={settings} onChange={setSettings} />
      )}
      <Field
        label={isWebhook ? "Signing key" : "Password"}
        hint={
          isWebhook
            ? "Signs each message in the header Coppice-Signature: HMAC-SHA256 of the time and the body."
            : channel?.hasSecret
              ? "Empty: as it is."
              : "Only with a user name."
        }
      >
        {(attributes) => (
          <Input
            {...attributes}
            type="password"
            autoComplete="new-password"
            placeholder={channel?.hasSecret ? "••••••••" : ""}
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
        )}
      </Field>
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 font-medium text-ink-2 text-xs">Told when</legend>
        {EVENTS.map(({ value, label }) => (
          <Check
            key={value}
            label={label}
            checked={events.includes(value)}
            onChange={(on) => setEvents(on ? [...events, value] : events.filter((event) => event !== value))}
          />
        ))}
        <Check label="The channel is on" checked={enabled} onChange={setEnabled} />
      </fieldset>
      {saving.isError && <ProblemCallout problem={toProblem(saving.error)} announce />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={saving.isPending}>
          {channel === null ? "Add channel" : "Save changes"}
        </Button>
      </div>
    </form>
  );
}

function EmailFields({ settings, onChange }: { settings: Email; onChange: (settings: Email) => void }) {
  const set = (changes: Partial<Email>) => onChange({ ...settings, ...changes });
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Mail server">
        {(attributes) => (
          <Input
            {...attributes}
            placeholder="mail.example.org"
            value={settings.host}
            onChange={(event) => set({ host: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Port">
        {(attributes) => (
          <Input
            {...attributes}
            inputMode="numeric"
            value={String(settings.port)}
            onChange={(event) => set({ port: Number(event.currentTarget.value.replaceAll(/\D/g, "")) })}
          />
        )}
      </Field>
      <Field label="Encryption">
        {(attributes) => (
          <Select
            {...attributes}
            options={[
              { value: "starttls", label: "STARTTLS" },
              { value: "tls", label: "TLS" },
              { value: "none", label: "None" },
            ]}
            value={settings.security}
            onValueChange={(security) =>
              set({ security: security === "tls" ? "tls" : security === "none" ? "none" : "starttls" })
            }
          />
        )}
      </Field>
      <Field label="User name" hint="Empty: without signing in.">
        {(attributes) => (
          <Input
            {...attributes}
            autoComplete="off"
            value={settings.username ?? ""}
            onChange={(event) =>
              set({ username: event.currentTarget.value === "" ? null : event.currentTarget.value })
            }
          />
        )}
      </Field>
      <Field label="From">
        {(attributes) => (
          <Input
            {...attributes}
            type="email"
            value={settings.from}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="To" hint="Several are separated by commas.">
        {(attributes) => (
          <Input
            {...attributes}
            defaultValue={settings.to.join(", ")}
            onChange={(event) =>
              set({
                to: event.currentTarget.value
                  .split(",")
                  .map((address) => address.trim())
                  .filter((address) => address !== ""),
              })
            }
          />
        )}
      </Field>
    </div>
  );
}

function Check({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className="flex items-center gap-2 text-sm">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
        className="size-4 accent-(--brand)"
      />
      {label}
    </label>
  );
}
