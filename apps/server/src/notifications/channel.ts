import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { createTransport } from "nodemailer";
import { z } from "zod";
import { secretFile } from "../base/data-dir.ts";
import { ServerError } from "../base/errors.ts";
import { mailText, type NotificationMessage } from "./message.ts";

/** Receivers answer in seconds; one that does not is tried again later. */
const SEND_MS = 15_000;

const webhookSettings = z.object({
  kind: z.literal("webhook"),
  url: z
    .url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" })
    .max(2000),
});

const emailSettings = z.object({
  kind: z.literal("email"),
  host: z.string().trim().min(1).max(253),
  port: z.int().min(1).max(65_535),
  /** `tls`: from the first byte. `starttls`: required after the greeting. `none`: everything is sent in the open. */
  security: z.enum(["tls", "starttls", "none"]),
  /** Null: without signing in. */
  username: z.string().max(256).nullable(),
  from: z.email(),
  to: z.array(z.email()).min(1).max(50),
});

/** Where a channel sends, without its secret: the key of a webhook's signature, or the password of a mail account. */
export const channelSettings = z.discriminatedUnion("kind", [webhookSettings, emailSettings]);
export type ChannelSettings = z.output<typeof channelSettings>;

/** Sends a message. @throws {ServerError} `NOT_DELIVERED`, with what the receiver said */
export async function send(
  settings: ChannelSettings,
  secret: string | null,
  message: NotificationMessage,
  now: number,
): Promise<void> {
  try {
    if (settings.kind === "webhook") await post(settings, secret, message, now);
    else await mail(settings, secret, message);
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw notDelivered(reasonOf(cause), cause);
  }
}

/**
 * The signature of a webhook: HMAC-SHA256 of the time and the body, in hexadecimal. The time lets a receiver refuse what
 * was recorded and is sent again.
 */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `t=${timestamp},v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}

async function post(
  { url }: z.output<typeof webhookSettings>,
  secret: string | null,
  message: NotificationMessage,
  now: number,
): Promise<void> {
  const body = JSON.stringify(message);
  const headers: Record<string, string> = { "content-type": "application/json", "user-agent": "Coppice" };
  if (secret !== null) headers["coppice-signature"] = signatureOf(secret, Math.floor(now / 1000), body);
  // A redirect could lead a signed message anywhere.
  const signal = AbortSignal.timeout(SEND_MS);
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  await response.body?.cancel();
  if (!response.ok) throw notDelivered(`It answered with the status ${response.status}.`);
}

async function mail(
  { host, port, security, username, from, to }: z.output<typeof emailSettings>,
  secret: string | null,
  message: NotificationMessage,
): Promise<void> {
  const transport = createTransport({
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(username === null ? {} : { auth: { user: username, pass: secret ?? "" } }),
    connectionTimeout: SEND_MS,
    greetingTimeout: SEND_MS,
    socketTimeout: SEND_MS,
  });
  try {
    await transport.sendMail({
      from,
      to,
      subject: `[Coppice] ${message.subject}`,
      text: mailText(message),
      headers: { "Auto-Submitted": "auto-generated" },
    });
  } finally {
    transport.close();
  }
}

function notDelivered(reason: string, cause?: unknown): ServerError {
  return new ServerError("NOT_DELIVERED", `The notification could not be delivered. ${reason}`, {
    hint: "Check the channel's address and its secret, and that this machine reaches it.",
    cause,
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  // `fetch` hides the reason in the cause.
  const { message } = error.cause instanceof Error ? error.cause : error;
  return `${message.slice(0, 300).replace(/[.\s]+$/, "")}.`;
}

/** Encrypts the secrets of channels with a key in the data directory, beside the database and not in it. */
export class SecretBox {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  static async open(file: string): Promise<SecretBox> {
    const { secret } = await secretFile(file, 32);
    return new SecretBox(Buffer.from(secret, "base64url"));
  }

  /** @param place What the secret belongs to: what was sealed for one channel does not open for another. */
  seal(secret: string, place: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** @throws {ServerError} `SECRET_UNREADABLE` when the key is another one */
  unseal(text: string, place: string): string {
    const bytes = Buffer.from(text, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, 12), {
        authTagLength: 16,
      })
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
    } catch (cause) {
      throw new ServerError("SECRET_UNREADABLE", "The stored secret of this channel cannot be read.", {
        hint: "The key file of this data directory is another one. Enter the secret again.",
        cause,
      });
    }
  }
}
