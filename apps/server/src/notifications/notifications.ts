import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { Selectable } from "kysely";
import { z } from "zod";
import { type Clock, isoTime, type Timer } from "../base/clock.ts";
import { ServerError, toUserError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Database } from "../db/database.ts";
import type { NotificationChannelTable } from "../db/tables.ts";
import { type ChannelSettings, channelSettings, SecretBox, send } from "./channel.ts";
import { EVENTS, type NotificationMessage, notificationMessage, testMessage } from "./message.ts";

/** The pauses between attempts; after the last the message is given up. */
const PAUSES_MS = [30_000, 2 * 60_000, 10 * 60_000, 60 * 60_000, 6 * 3_600_000];
/** Messages that were sent or given up are kept that long. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** A delivery that failed is tried again at the latest after this, however the clock jumps. */
const LONGEST_PAUSE_MS = 5 * 60_000;

const eventNames = z.array(z.enum(EVENTS));

/** A channel as it is stored, its secret left out. */
export interface Channel {
  id: string;
  name: string;
  settings: ChannelSettings;
  hasSecret: boolean;
  events: z.output<typeof eventNames>;
  enabled: boolean;
  createdAt: string;
}

/** What may be changed of a channel. `secret`: undefined leaves it as it is, null removes it. */
export type ChannelChanges = Pick<Channel, "name" | "settings" | "events" | "enabled"> & {
  secret?: string | null | undefined;
};

/** How the newest message of a channel fared. */
export interface Delivery {
  state: "pending" | "sent" | "failed";
  subject: string;
  at: string;
  error: string | null;
}

interface NotificationsOptions {
  database: Database;
  clock: Clock;
  log: FastifyBaseLogger;
  secrets: SecretBox;
  /** Of the dashboard, for links. */
  origin: string;
}

/**
 * Channels, and the messages to them. A message is written in the transaction that changes what it is about, and sent
 * afterwards: it is not lost when the server dies, and may then reach its receiver twice.
 */
export class Notifications {
  readonly #options: NotificationsOptions;
  #timer: Timer | null = null;
  #sending: Promise<void> = Promise.resolve();
  #open = true;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.origin;
  }

  /** By name. */
  async channels(): Promise<Channel[]> {
    const rows = await this.#options.database
      .selectFrom("notificationChannel")
      .selectAll()
      .orderBy("name")
      .execute();
    return rows.map(channelOf);
  }

  /** @throws {ServerError} `CHANNEL_EXISTS` */
  async add({ secret, ...changes }: ChannelChanges): Promise<Channel> {
    const id = randomUUID();
    await this.#refuseSame(changes.name, null);
    const row = {
      id,
      ...columnsOf(changes),
      secret: secret === undefined || secret === null ? null : this.#options.secrets.seal(secret, id),
      createdAt: isoTime(this.#options.clock.now()),
    };
    await this.#options.database.insertInto("notificationChannel").values(row).execute();
    return channelOf(row);
  }

  /** @throws {ServerError} `CHANNEL_UNKNOWN`, `CHANNEL_EXISTS` */
  async change(id: string, { secret, ...changes }: ChannelChanges): Promise<Channel> {
    const row = await this.#row(id);
    await this.#refuseSame(changes.name, id);
    const sealed =
      secret === undefined ? row.secret : secret === null ? null : this.#options.secrets.seal(secret, id);
    const changed = { ...columnsOf(changes), secret: sealed };
    await this.#options.database
      .updateTable("notificationChannel")
      .set(changed)
      .where("id", "=", id)
      .execute();
    return channelOf({ ...row, ...changed });
  }

  /** With its messages. @throws {ServerError} `CHANNEL_UNKNOWN` */
  async remove(id: string): Promise<Channel> {
    const row = await this.#row(id);
    await this.#options.database.deleteFrom("notificationChannel").where("id", "=", id).execute();
    return channelOf(row);
  }

  /** Sends a message now, and waits for the answer. @throws {ServerError} `CHANNEL_UNKNOWN`, `NOT_DELIVERED`, `SECRET_UNREADABLE` */
  async test(id: string): Promise<Channel> {
    const { clock, origin } = this.#options;
    const row = await this.#row(id);
    const now = clock.now();
    await this.#send(row, testMessage(isoTime(now), origin), now);
    return channelOf(row);
  }

  /** The newest message of each channel, by the channel's id. */
  async lastDeliveries(): Promise<Map<string, Delivery>> {
    const rows = await this.#options.database
      .selectFrom("notification")
      .select(["channelId", "state", "message", "createdAt", "error"])
      .orderBy("createdAt")
      .execute();
    return new Map(
      rows.map(({ channelId, state, message, createdAt, error }) => {
        const { subject } = notificationMessage.parse(JSON.parse(message));
        return [channelId, { state: state as Delivery["state"], subject, at: createdAt, error }];
      }),
    );
  }

  /**
   * Writes a message for every channel that wants it. Call `wake` after the transaction.
   *
   * @param topic What it is about: no channel is told twice of the same.
   */
  async put(transaction: Database, topic: string, message: NotificationMessage): Promise<void> {
    const at = isoTime(this.#options.clock.now());
    const channels = await transaction.selectFrom("notificationChannel").selectAll().execute();
    const wanted = channels
      .map(channelOf)
      .filter(({ enabled, events }) => enabled && events.some((event) => event === message.event));
    for (const { id } of wanted) {
      await transaction
        .insertInto("notification")
        .values({
          id: randomUUID(),
          channelId: id,
          topic,
          message: JSON.stringify(message),
          state: "pending",
          attempts: 0,
          nextAt: at,
          createdAt: at,
          error: null,
        })
        .onConflict((conflict) => conflict.columns(["channelId", "topic"]).doNothing())
        .execute();
    }
  }

  /** Sends what is to be sent now. */
  wake(): void {
    if (!this.#open) return;
    this.#sending = this.#sending
      .then(() => this.#deliver())
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, "notifications could not be sent; trying again");
        this.#wakeAfter(LONGEST_PAUSE_MS);
      });
  }

  /** Resolves when everything that was to be sent up to now has been tried. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#timer?.cancel();
    await this.#sending;
  }

  async #deliver(): Promise<void> {
    const { database, clock } = this.#options;
    const now = clock.now();
    await database
      .deleteFrom("notification")
      .where("state", "<>", "pending")
      .where("createdAt", "<", isoTime(now - KEPT_MS))
      .execute();
    const due = await database
      .selectFrom("notification")
      .selectAll()
      .where("state", "=", "pending")
      .where("nextAt", "<=", isoTime(now))
      .orderBy("createdAt")
      .execute();
    for (const row of due) {
      if (!this.#open) return;
      const changes = await this.#try(row.channelId, row.message, row.attempts);
      await database.updateTable("notification").set(changes).where("id", "=", row.id).execute();
    }
    const { next } = await database
      .selectFrom("notification")
      .select(({ fn }) => fn.min("nextAt").as("next"))
      .where("state", "=", "pending")
      .executeTakeFirstOrThrow();
    if (next !== null) this.#wakeAfter(Date.parse(next) - clock.now());
  }

  async #try(channelId: string, text: string, attempts: number) {
    const { clock, log } = this.#options;
    const message = notificationMessage.parse(JSON.parse(text));
    try {
      await this.#send(await this.#row(channelId), message, clock.now());
      return { state: "sent", attempts: attempts + 1, error: null };
    } catch (cause) {
      const error = toUserError(cause).message;
      const pause = PAUSES_MS[attempts];
      log.warn(
        { err: cause, channel: channelId, attempts: attempts + 1 },
        "a notification was not delivered",
      );
      if (pause === undefined) return { state: "failed", attempts: attempts + 1, error };
      return { attempts: attempts + 1, nextAt: isoTime(clock.now() + pause), error };
    }
  }

  #wakeAfter(ms: number): void {
    if (!this.#open) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS), () => this.wake());
  }

  async #send(
    row: Selectable<NotificationChannelTable>,
    message: NotificationMessage,
    now: number,
  ): Promise<void> {
    const secret = row.secret === null ? null : this.#options.secrets.unseal(row.secret, row.id);
    await send(channelOf(row).settings, secret, message, now);
  }

  async #row(id: string): Promise<Selectable<NotificationChannelTable>> {
    const row = await this.#options.database
      .selectFrom("notificationChannel")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    if (row !== undefined) return row;
    throw new ServerError("CHANNEL_UNKNOWN", "There is no such channel for notifications.", {
      hint: "It may have been removed. Reload the list.",
      object: id,
    });
  }

  async #refuseSame(name: string, own: string | null): Promise<void> {
    const same = (await this.channels()).find((channel) => channel.name === name && channel.id !== own);
    if (same === undefined) return;
    throw new ServerError("CHANNEL_EXISTS", `There is a channel called ${name} already.`, {
      hint: "Choose another name.",
      object: name,
    });
  }
}

function columnsOf({ name, settings, events, enabled }: Omit<ChannelChanges, "secret">) {
  return {
    name,
    settings: JSON.stringify(settings),
    events: JSON.stringify(events),
    enabled: enabled ? 1 : 0,
  };
}

function channelOf(row: Selectable<NotificationChannelTable>): Channel {
  return {
    id: row.id,
    name: row.name,
    settings: channelSettings.parse(JSON.parse(row.settings)),
    hasSecret: row.secret !== null,
    events: eventNames.parse(JSON.parse(row.events)),
    enabled: row.enabled === 1,
    createdAt: row.createdAt,
  };
}

/** The notifications on the database. What waits to be sent is sent after `wake`. */
export async function createNotifications(
  { config, clock, log, opened }: Host,
  { database, origin }: Pick<NotificationsOptions, "database" | "origin">,
): Promise<Notifications> {
  const secrets = await SecretBox.open(join(config.dataDir, "notification-key"));
  const notifications = new Notifications({ database, clock, log, secrets, origin });
  opened.defer(() => notifications.close());
  return notifications;
}
