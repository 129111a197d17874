import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Controller, useForm } from "react-hook-form";
import { z } from "zod";
import { ProblemCallout } from "#components/state.tsx";
import { Button, CopyButton } from "#components/ui/button.tsx";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Segmented, Select } from "#components/ui/form.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { Time } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { ROLES } from "./roles.ts";

/** A link that opens an account once, to pass on to its owner. */
export interface NewLink {
  username: string;
  path: string;
  expiresAt: string;
}

const form = z
  .object({
    username: z
      .string()
      .trim()
      .regex(
        /^[a-z0-9][a-z0-9._-]{1,63}$/i,
        "2 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
      ),
    name: z.string().trim().max(128),
    role: z.enum(["viewer", "operator", "admin"]),
    way: z.enum(["link", "password"]),
    password: z.string().max(256),
  })
  .refine(({ way, password }) => way === "link" || password.length >= 12, {
    path: ["password"],
    message: "Choose at least 12 characters.",
  });

const EMPTY: z.infer<typeof form> = { username: "", name: "", role: "viewer", way: "link", password: "" };

/** Creates an account, with a link to pass on or with a first password. */
export function NewUserDialog({ onClose, onLink }: { onClose: () => void; onLink: (link: NewLink) => void }) {
  const client = useQueryClient();
  const create = useMutation(
    trpc.users.create.mutationOptions({
      onSuccess: () => client.invalidateQueries(trpc.users.pathFilter()),
    }),
  );
  const { register, control, handleSubmit, watch, formState } = useForm({
    resolver: zodResolver(form),
    defaultValues: EMPTY,
  });
  const { errors } = formState;
  const submit = handleSubmit(({ username, name, role, way, password }) =>
    create.mutate(
      { username, name, role, password: way === "link" ? null : password },
      {
        onSuccess: ({ link }) => {
          onClose();
          if (link === null) toast(`Created ${username}`, { tone: "good" });
          else onLink({ username, ...link });
        },
      },
    ),
  );
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title="New user" description={null} className="max-w-lg">
        <form onSubmit={(event) => void submit(event)} noValidate>
          <div className="flex flex-col gap-4 px-5 py-4">
            <Field label="Username" error={errors.username?.message}>
              {(attributes) => (
                <Input
                  {...attributes}
                  {...register("username")}
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                />
              )}
            </Field>
            <Field label="Full name" hint="Optional." error={errors.name?.message}>
              {(attributes) => <Input {...attributes} {...register("name")} autoComplete="off" />}
            </Field>
            <Field label="Role">
              {(attributes) => (
                <Controller
                  control={control}
                  name="role"
                  render={({ field }) => (
                    <Select
                      {...attributes}
                      options={ROLES}
                      value={field.value}
                      onValueChange={field.onChange}
                    />
                  )}
                />
              )}
            </Field>
            <div>
              <p className="mb-1 font-medium text-ink-2 text-xs">First sign-in</p>
              <Controller
                control={control}
                name="way"
                render={({ field }) => (
                  <Segmented
                    label="First sign-in"
                    value={field.value}
                    onValueChange={field.onChange}
                    options={[
                      { value: "link", label: "With a link" },
                      { value: "password", label: "With a password" },
                    ]}
                  />
                )}
              />
              <p className="mt-1 text-ink-3 text-xs">
                {watch("way") === "link"
                  ? "You get a link that works once, to pass on. Whoever opens it chooses a password."
                  : "Tell it to the user, who can change it in the settings."}
              </p>
            </div>
            {watch("way") === "password" && (
              <Field label="Password" hint="At least 12 characters." error={errors.password?.message}>
                {(attributes) => (
                  <Input
                    {...attributes}
                    {...register("password")}
                    type="password"
                    autoComplete="new-password"
                  />
                )}
              </Field>
            )}
            {create.isError && <ProblemCallout problem={toProblem(create.error)} announce />}
          </div>
          <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" disabled={create.isPending} focusableWhenDisabled>
              {create.isPending && <Spinner />}
              Create the user
            </Button>
          </footer>
        </form>
      </DialogContent>
    </Dialog>
  );
}

/** Shows a sign-in link, which cannot be shown again. */
export function LinkDialog({
  link: { username, path, expiresAt },
  onClose,
}: {
  link: NewLink;
  onClose: () => void;
}) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent
        title={`Sign-in link for ${username}`}
        description="Pass it on in confidence. It is not shown again."
        className="max-w-lg"
      >
        <div className="flex flex-col gap-3 px-5 py-4">
          <Secret label="Sign-in link" text={new URL(path, window.location.origin).toString()} />
          <p className="text-ink-2">
            It opens the account once, until <Time at={expiresAt} show="absolute" />. Whoever opens it is
            signed in and chooses a password.
          </p>
        </div>
        <footer className="flex justify-end border-line border-t px-5 py-3">
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </footer>
      </DialogContent>
    </Dialog>
  );
}

/** A text that is shown once, to copy. */
export function Secret({ label, text }: { label: string; text: string }) {
  return (
    <div className="flex items-start gap-2 rounded-md border border-line bg-sunken px-3 py-2">
      <output aria-label={label} className="wrap-anywhere flex-1 select-all font-mono text-xs">
        {text}
      </output>
      <CopyButton text={text} label={`Copy the ${label.toLowerCase()}`} />
    </div>
  );
}
