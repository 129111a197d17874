import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, migrations, openDatabase } from "../../../src/db/database.ts";
import { SecretBox } from "../../../src/notifications/channel.ts";
import { lateMessage, type NotificationMessage, runMessage } from "../../../src/notifications/message.ts";
import { type ChannelChanges, Notifications } from "../../../src/notifications/notifications.ts";
import type { PolicyRun, RunItem } from "../../../src/schedules/run.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { silentLog } from "../../support/silent-log.ts";

const ORIGIN = "https://coppice.example.org";
const POLICY = {
  id: "0e4f2f1a-6ae4-4cd2-9a24-6c8a7a4a5f01",
  definition: { name: "Nightly", cluster: "ceph", backupWithinHours: 26 },
} as Parameters<typeof runMessage>[0];
const RUN: PolicyRun = {
  id: "8fb1a0a1-1c5d-4d9f-8c6e-2f1f4dd6f002",
  policyId: POLICY.id,
  job: "backup",
  cause: "schedule",
  dueAt: "2026-03-02T02:00:00.000Z",
  beginAt: "2026-03-02T02:00:00.000Z",
  startedAt: "2026-03-02T02:00:00.000Z",
  endedAt: "2026-03-02T02:10:00.000Z",
  state: "failed",
  reason: null,
  missed: 0,
  username: null,
};
const item = (image: string, state: RunItem["state"]): RunItem => ({
  runId: RUN.id,
  seq: 0,
  kind: "backup",
  image,
  state,
  taskId: null,
  attempt: 1,
  backupId: null,
  backupKind: null,
  why: null,
  bytes: null,
  seconds: null,
  endedAt: null,
  error: state === "failed" ? { code: "IO", message: `${image} broke.`, hint: null, object: image } : null,
});

let dir: string;
let clock: FakeClock;
let database: Database;
let notifications: Notifications;
let opened: AsyncDisposableStack;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  dir = await mkdtemp(join(tmpdir(), "coppice-notifications-"));
  opened.defer(() => rm(dir, { recursive: true }));
  clock = new FakeClock();
  database = await openDatabase(join(dir, "coppice.sqlite"), migrations("ceph"));
  opened.defer(() => database.destroy());
  notifications = await open();
  opened.defer(() => notifications.close());
});
afterEach(() => opened.disposeAsync());

async function open(): Promise<Notifications> {
  const secrets = await SecretBox.open(join(dir, "notification-key"));
  return new Notifications({ database, clock, log: silentLog(), secrets, origin: ORIGIN });
}

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A listener that answers with each status in turn, and then with the last. */
async function listener(...statuses: number[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    received.push({ headers: request.headers, body });
    response.statusCode = statuses[received.length - 1] ?? statuses.at(-1) ?? 200;
    if (response.statusCode === 302) response.setHeader("location", "/elsewhere");
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.defer(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

const webhook = (url: string, secret: string | null = "a signing key"): ChannelChanges => ({
  name: `hook ${url}`,
  settings: { kind: "webhook", url },
  events: ["failed", "late", "recovered"],
  enabled: true,
  secret,
});

async function put(topic: string, message: NotificationMessage | null): Promise<void> {
  if (message === null) throw new Error("nothing to tell");
  await database.transaction().execute((transaction) => notifications.put(transaction, topic, message));
  notifications.wake();
  await notifications.idle();
}

const failed = () =>
  runMessage(POLICY, RUN, [item("rbd/a", "failed"), item("rbd/b", "succeeded")], null, ORIGIN);

test("a webhook gets one signed message for a run, however often it is written", async () => {
  const { url, received } = await listener(200);
  await notifications.add(webhook(url));
  await put("run/1", failed());
  await put("run/1", failed());
  expect(received).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: "" }] = received;
  expect(JSON.parse(body)).toMatchObject({
    event: "failed",
    subject: "Failed: backup Nightly (1 of 2)",
    images: [{ image: "rbd/a", problem: "rbd/a broke." }],
    url: `${ORIGIN}/policy/?cluster=ceph&id=${POLICY.id}&run=${RUN.id}`,
  });
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["coppice-signature"])) ?? [];
  expect(time).toBe(String(clock.now() / 1000));
  expect(signature).toBe(createHmac("sha256", "a signing key").update(`${time}.${body}`).digest("hex"));
});

test("a mail reaches a real SMTP server, with the images in its text", async () => {
  const mails: { from: string; to: string[]; text: string; user: string }[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _, done) =>
      password === "letters" ? done(null, { user: username ?? "" }) : done(new Error("no")),
    onData(stream, session, done) {
      void stream.toArray().then((parts) => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? "" : mailFrom.address;
        const to = rcptTo.map(({ address }) => address);
        mails.push({ from, to, text: Buffer.concat(parts).toString(), user: String(session.user) });
        done();
      });
    },
  });
  const smtp = server.listen(0, "127.0.0.1");
  await once(smtp, "listening");
  opened.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = smtp.address() as AddressInfo;
  const changes: ChannelChanges = {
    name: "admins",
    settings: {
      kind: "email",
      host: "127.0.0.1",
      port,
      security: "none",
      username: "coppice",
      from: "coppice@example.org",
      to: ["ada@example.org", "grace@example.org"],
    },
    events: ["failed"],
    enabled: true,
    secret: "letters",
  };
  const { id } = await notifications.add(changes);
  await put("run/1", failed());
  await put("run/2", lateMessage(POLICY, [{ image: "rbd/a", problem: "x" }], RUN.dueAt, ORIGIN)); // not wanted
  expect(mails).toMatchObject([
    { from: "coppice@example.org", to: ["ada@example.org", "grace@example.org"], user: "coppice" },
  ]);
  expect(mails[0]?.text).toContain("Subject: [Coppice] Failed: backup Nightly (1 of 2)");
  expect(mails[0]?.text).toContain("- rbd/a: rbd/a broke.");
  await notifications.test(id);
  expect(mails).toHaveLength(2);
  await notifications.change(id, { ...changes, secret: "wrong" });
  await expect(notifications.test(id)).rejects.toMatchObject({ code: "NOT_DELIVERED" });
});

test("what cannot be delivered is tried again, later and later, and given up in the end", async () => {
  const { url, received } = await listener(500, 302, 200);
  await notifications.add(webhook(url));
  await put("run/1", failed());
  expect((await notifications.lastDeliveries()).values().next().value).toMatchObject({
    state: "pending",
    error: expect.stringContaining("status 500"),
  });
  for (const [ms, tries] of [
    [29_000, 1],
    [1000, 2],
    [119_000, 2],
    [1000, 3],
  ] as const) {
    await clock.pass(ms);
    await notifications.idle();
    expect(received).toHaveLength(tries);
  }
  expect((await notifications.lastDeliveries()).values().next().value).toMatchObject({ state: "sent" });

  const deaf = await listener(500);
  const { id } = await notifications.add(webhook(deaf.url));
  await put("run/2", failed());
  for (let tries = 0; tries < 200; tries++) {
    await clock.pass(5 * 60_000);
    await notifications.idle();
  }
  expect(deaf.received).toHaveLength(6);
  expect((await notifications.lastDeliveries()).get(id)).toMatchObject({ state: "failed" });
});

test("a message that was written before the server died is sent by the next", async () => {
  const { url, received } = await listener(200);
  await notifications.add(webhook(url, null));
  const message = failed();
  if (message === null) throw new Error("nothing to tell");
  await database.transaction().execute((transaction) => notifications.put(transaction, "run/1", message));
  const next = await open();
  next.wake();
  await next.idle();
  await next.close();
  expect(received).toHaveLength(1);
  expect(received[0]?.headers["coppice-signature"]).toBeUndefined();
});

test("a message of a transaction that failed is not sent", async () => {
  const { url, received } = await listener(200);
  await notifications.add(webhook(url));
  const message = failed();
  if (message === null) throw new Error("nothing to tell");
  const broken = database.transaction().execute(async (transaction) => {
    await notifications.put(transaction, "run/1", message);
    throw new Error("the run could not be written");
  });
  await expect(broken).rejects.toThrow("could not be written");
  notifications.wake();
  await notifications.idle();
  expect(received).toEqual([]);
});

test("a secret is neither in the database nor in what is shown, and opens only where it belongs", async () => {
  const { url } = await listener(200);
  const channel = await notifications.add(webhook(url, "very secret"));
  expect(channel.hasSecret).toBe(true);
  expect(JSON.stringify(await notifications.channels())).not.toContain("very secret");
  for (const file of ["coppice.sqlite", "coppice.sqlite-wal"]) {
    expect((await readFile(join(dir, file))).includes("very secret")).toBe(false);
  }
  const box = await SecretBox.open(join(dir, "notification-key"));
  const sealed = box.seal("x", "one channel");
  expect(box.unseal(sealed, "one channel")).toBe("x");
  expect(() => box.unseal(sealed, "another")).toThrow(/cannot be read/);
  const other = await SecretBox.open(join(dir, "another-key"));
  expect(() => other.unseal(sealed, "one channel")).toThrow(/cannot be read/);
});

test("of a run that succeeded people are told only when the one before had failed", () => {
  const succeeded: PolicyRun = { ...RUN, state: "succeeded" };
  expect(runMessage(POLICY, succeeded, [], null, ORIGIN)).toBeNull();
  expect(runMessage(POLICY, succeeded, [], succeeded, ORIGIN)).toBeNull();
  expect(runMessage(POLICY, succeeded, [], RUN, ORIGIN)).toMatchObject({ event: "recovered" });
});

test("a run that failed for many images is one message that names some and counts the rest", () => {
  const items = Array.from({ length: 300 }, (_, index) => item(`rbd/${index}`, "failed"));
  const message = runMessage(POLICY, RUN, items, RUN, ORIGIN);
  expect(message?.images).toHaveLength(20);
  expect(message?.moreImages).toBe(280);
});
