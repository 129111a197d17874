import { createTRPCClient, httpBatchLink, type TRPCClient } from "@trpc/client";
import type { AppRouter, ServerEvent } from "../../src/router.ts";
import { isFinal } from "../../src/tasks/task.ts";

/** The cluster of a server that is started without COPPICE_CLUSTER_ID. */
export const CLUSTER = "ceph";

/** What a browser does with the server: keeps its cookie, says where it comes from, listens to events. */
export class Browser {
  readonly origin: string;
  readonly cookie: string;
  readonly trpc: TRPCClient<AppRouter>;

  constructor(origin: string, cookie: string) {
    this.origin = origin;
    this.cookie = cookie;
    this.trpc = createTRPCClient<AppRouter>({
      links: [httpBatchLink({ url: `${origin}/trpc`, headers: { cookie, origin } })],
    });
  }

  /** Opens a sign-in link. */
  static async open(link: string): Promise<Browser> {
    const response = await fetch(link, { redirect: "manual" });
    const cookie = response.headers
      .getSetCookie()
      .map((each) => each.split(";", 1)[0] ?? "")
      .join("; ");
    if (cookie === "")
      throw new Error(`the link did not sign in: ${response.status} ${response.headers.get("location")}`);
    return new Browser(new URL(link).origin, cookie);
  }

  /** Listens until `signal` aborts, the server breaks off, or the reader leaves. */
  async *events(options: { signal?: AbortSignal; lastEventId?: string } = {}): AsyncGenerator<Message> {
    const { signal, lastEventId } = options;
    const response = await fetch(`${this.origin}/trpc/events`, {
      headers: {
        cookie: this.cookie,
        "accept-encoding": "gzip, zstd",
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.body === null) throw new Error("there is no stream");
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const message = parse(block);
        if (message !== null) yield message;
      }
    }
  }
}

/** One message of an event stream. `kind` is "message" for events of ours. */
export interface Message {
  kind: string;
  id: string | null;
  event: ServerEvent | null;
}

function parse(block: string): Message | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  if (fields.size === 0) return null;
  const kind = fields.get("event") ?? "message";
  const data = fields.get("data");
  const event = kind === "message" && data !== undefined ? (JSON.parse(data) as ServerEvent) : null;
  return { kind, id: fields.get("id") ?? null, event };
}

/** Whether the message says that a task has ended. */
export function isTaskEnd({ event }: Message): boolean {
  return event?.type === "task" && isFinal(event.task.state);
}

/** Reads until the first message that `wanted` accepts. */
export async function until(
  messages: AsyncGenerator<Message>,
  wanted: (message: Message) => boolean,
): Promise<Message[]> {
  const seen: Message[] = [];
  for (;;) {
    const next = await messages.next();
    if (next.done === true) throw new Error(`the stream ended after ${JSON.stringify(seen)}`);
    seen.push(next.value);
    if (wanted(next.value)) return seen;
  }
}
