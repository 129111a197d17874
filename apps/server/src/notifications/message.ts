import { z } from "zod";
import type { Policy } from "../schedules/policy.ts";
import type { PolicyRun, RunItem } from "../schedules/run.ts";

/**
 * `failed`: a run of which something did not succeed. `late`: images whose newest good backup is older than the policy's
 * objective. `recovered`: the next run succeeded, or no image is late any more.
 */
export const EVENTS = ["failed", "late", "recovered"] as const;

/** At most that many images are named; the rest are counted. */
const MOST_IMAGES = 20;

/** What a channel is told, as webhooks receive it. */
export const notificationMessage = z.object({
  event: z.enum([...EVENTS, "test"]),
  /** One line. */
  subject: z.string(),
  /** Sentences for people, one paragraph each. */
  text: z.string(),
  at: z.string(),
  policy: z.object({ id: z.string(), name: z.string(), cluster: z.string() }).nullable(),
  run: z.object({ id: z.string(), job: z.string(), dueAt: z.string() }).nullable(),
  images: z.array(z.object({ image: z.string(), problem: z.string() })),
  /** How many images the list leaves out. */
  moreImages: z.number(),
  /** The page of the dashboard. */
  url: z.string(),
});

export type NotificationMessage = z.output<typeof notificationMessage>;
type Subject = Pick<Policy, "id" | "definition">;

const NOUN = { backup: "backup", verify: "check", drill: "restore drill" } as const;

/** The message about a run that has ended; null when nobody need be told. Pure. */
export function runMessage(
  policy: Subject,
  run: PolicyRun,
  items: readonly RunItem[],
  before: PolicyRun | null,
  origin: string,
): NotificationMessage | null {
  const { name, cluster } = policy.definition;
  const shared = {
    at: run.endedAt ?? run.dueAt,
    policy: { id: policy.id, name, cluster },
    run: { id: run.id, job: run.job, dueAt: run.dueAt },
    url: policyUrl(origin, policy, run.id),
  };
  const noun = NOUN[run.job];
  if (run.state === "succeeded") {
    if (before?.state !== "failed") return null;
    const subject = `Recovered: ${noun} ${name}`;
    const text = `The ${noun} run of ${name} has succeeded again.`;
    return { event: "recovered", subject, text, ...shared, images: [], moreImages: 0 };
  }
  const bad = items.filter(({ state }) => state === "failed" || state === "canceled");
  const images = bad.map(({ image, kind, state, error }) => ({
    image: image ?? (kind === "prune" ? "retention" : kind),
    problem: error?.message ?? (state === "canceled" ? "It was canceled." : "It failed."),
  }));
  const total = items.filter(({ kind }) => kind !== "prune").length;
  const failed = bad.filter(({ kind }) => kind !== "prune").length;
  const text = [
    `The ${noun} run of ${name}, due at ${run.dueAt}, has failed for ${failed} of ${count(total, "image")}.`,
    ...(run.reason === null ? [] : [run.reason]),
  ].join("\n\n");
  const subject = `Failed: ${noun} ${name} (${failed} of ${total})`;
  return { event: "failed", subject, text, ...shared, ...cut(images) };
}

/** The message that images are late; or, without any, that none is any more. Pure. */
export function lateMessage(
  policy: Subject,
  late: readonly { image: string; problem: string }[],
  at: string,
  origin: string,
): NotificationMessage {
  const { name, cluster, backupWithinHours } = policy.definition;
  const shared = {
    at,
    policy: { id: policy.id, name, cluster },
    run: null,
    url: policyUrl(origin, policy),
  };
  if (late.length === 0) {
    const text = `Every image of ${name} has a backup within its objective again.`;
    return { event: "recovered", subject: `Recovered: ${name}`, text, ...shared, images: [], moreImages: 0 };
  }
  const text = `${count(late.length, "image")} of ${name} ${late.length === 1 ? "does" : "do"} not meet the objective: a backup within ${backupWithinHours} hours.`;
  return {
    event: "late",
    subject: `Late: ${name} (${count(late.length, "image")})`,
    text,
    ...shared,
    ...cut(late),
  };
}

/** The message of the test button. */
export function testMessage(at: string, origin: string): NotificationMessage {
  return {
    event: "test",
    subject: "Test of notifications",
    text: "This channel works: Coppice sends its notifications here.",
    at,
    policy: null,
    run: null,
    images: [],
    moreImages: 0,
    url: `${origin}/policies/notifications/`,
  };
}

/** A message as the text of a mail. */
export function mailText({ text, images, moreImages, url }: NotificationMessage): string {
  const list = images.map(({ image, problem }) => `- ${image}: ${problem}`);
  if (moreImages > 0) list.push(`- and ${moreImages} more`);
  return [text, ...(list.length === 0 ? [] : [list.join("\n")]), url].join("\n\n");
}

function cut<Image>(images: readonly Image[]): { images: Image[]; moreImages: number } {
  return { images: images.slice(0, MOST_IMAGES), moreImages: Math.max(0, images.length - MOST_IMAGES) };
}

function policyUrl(origin: string, { id, definition }: Subject, run?: string): string {
  const query = new URLSearchParams({
    cluster: definition.cluster,
    id,
    ...(run === undefined ? {} : { run }),
  });
  return `${origin}/policy/?${query}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
