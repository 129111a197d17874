import { z } from "zod";
import { adminProcedure } from "../api/procedures.ts";
import { noInput } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { channelSettings } from "./channel.ts";
import { EVENTS } from "./message.ts";
import type { Notifications } from "./notifications.ts";

const channelChanges = z.object({
  name: z.string().trim().min(1).max(100),
  settings: channelSettings,
  events: z.array(z.enum(EVENTS)).min(1),
  enabled: z.boolean(),
  /** The key that signs a webhook's messages, or the password of a mail account. Absent: as it is. Null: none. */
  secret: z.string().min(1).max(1000).nullish(),
});

/** A place where notifications are sent. Its secret is never sent back. */
const channelView = z.object({
  id: z.uuid(),
  name: z.string(),
  settings: channelSettings,
  hasSecret: z.boolean(),
  events: z.array(z.enum(EVENTS)),
  enabled: z.boolean(),
  createdAt: z.string(),
  /** How its newest message fared; null when there was none. */
  last: z
    .object({
      state: z.enum(["pending", "sent", "failed"]),
      subject: z.string(),
      at: z.string(),
      error: z.string().nullable(),
    })
    .nullable(),
});

export type ChannelView = z.output<typeof channelView>;

const channelId = z.object({ id: z.uuid() });

/** `notifications` of the API. */
export function notificationsRouter(notifications: Notifications) {
  return t.router({
    /** The channels, by name. */
    list: adminProcedure
      .input(noInput)
      .output(z.object({ channels: z.array(channelView) }))
      .query(async () => {
        const last = await notifications.lastDeliveries();
        const channels = await notifications.channels();
        return { channels: channels.map((channel) => ({ ...channel, last: last.get(channel.id) ?? null })) };
      }),

    add: adminProcedure
      .input(channelChanges)
      .output(channelView)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.name;
        return { ...(await notifications.add(input)), last: null };
      }),

    change: adminProcedure
      .input(channelChanges.extend({ id: z.uuid() }))
      .output(channelView)
      .mutation(async ({ ctx, input: { id, ...changes } }) => {
        ctx.audit.object = changes.name;
        return { ...(await notifications.change(id, changes)), last: null };
      }),

    remove: adminProcedure
      .input(channelId)
      .output(channelId)
      .mutation(async ({ ctx, input: { id } }) => {
        const { name } = await notifications.remove(id);
        ctx.audit.object = name;
        return { id };
      }),

    /** Sends a test message, and says whether it was taken. */
    test: adminProcedure
      .input(channelId)
      .output(channelId)
      .mutation(async ({ ctx, input: { id } }) => {
        const { name } = await notifications.test(id);
        ctx.audit.object = name;
        return { id };
      }),
  });
}
