import { beforeEach, expect, test } from "vitest";
import type { ServerEvent } from "../../src/events/event.ts";
import { Hub } from "../../src/events/hub.ts";

let hub: Hub;
const leaving = () => new AbortController();

beforeEach(() => {
  hub = new Hub();
});

const change = (key: string): ServerEvent => ({
  type: "inventory",
  scannedAt: "2026-03-01T12:00:00Z",
  changed: [key],
});

async function take(stream: AsyncIterator<{ id: string; event: ServerEvent }>, count: number) {
  const taken = [];
  for (let index = 0; index < count; index++) {
    const next = await stream.next();
    if (next.done === true) throw new Error("the stream ended");
    taken.push(next.value);
  }
  return taken;
}

test("every tab gets every event, in order, with an id", async () => {
  const tabs = [1, 2].map(() => hub.subscribe({ lastEventId: null, signal: leaving().signal }));
  const firsts = tabs.map((tab) => tab.next());
  hub.publish(change("a"));
  hub.publish(change("b"));
  for (const [index, tab] of tabs.entries()) {
    expect((await firsts[index])?.value).toMatchObject({ event: change("a") });
    expect((await take(tab, 1))[0]?.event).toEqual(change("b"));
  }
});

test("a tab that comes back gets what it missed", async () => {
  const tab = hub.subscribe({ lastEventId: null, signal: leaving().signal });
  const first = tab.next();
  hub.publish(change("a"));
  const { id } = (await first).value as { id: string };
  hub.publish(change("b"));
  hub.publish(change("c"));
  const again = hub.subscribe({ lastEventId: id, signal: leaving().signal });
  expect((await take(again, 2)).map(({ event }) => event)).toEqual([change("b"), change("c")]);
});

test("a tab that knows an id of another start, or one too old, is told to start over", async () => {
  const foreign = hub.subscribe({ lastEventId: "deadbeef.7", signal: leaving().signal });
  expect((await take(foreign, 1))[0]?.event).toEqual({ type: "reset" });

  const tab = hub.subscribe({ lastEventId: null, signal: leaving().signal });
  const first = tab.next();
  hub.publish(change("a"));
  const { id } = (await first).value as { id: string };
  for (let index = 0; index < 1500; index++) hub.publish(change(String(index)));
  const late = hub.subscribe({ lastEventId: id, signal: leaving().signal });
  expect((await take(late, 1))[0]?.event).toEqual({ type: "reset" });
});

test("a tab too slow to follow is told once that it missed events, and then goes on", async () => {
  const tab = hub.subscribe({ lastEventId: null, signal: leaving().signal });
  const first = tab.next();
  for (let index = 0; index < 3000; index++) hub.publish(change(String(index)));
  expect((await first).value).toMatchObject({ event: { type: "reset" } });
  hub.publish(change("after"));
  expect((await take(tab, 1))[0]?.event).toEqual(change("after"));
});

test("a tab that leaves is forgotten", async () => {
  const leave = leaving();
  const tab = hub.subscribe({ lastEventId: null, signal: leave.signal });
  const next = tab.next();
  expect(hub.subscribers).toBe(1);
  leave.abort();
  expect((await next).done).toBe(true);
  expect(hub.subscribers).toBe(0);
});

test("a shutdown breaks streams off, so that clients reconnect", async () => {
  const tab = hub.subscribe({ lastEventId: null, signal: leaving().signal });
  const next = tab.next();
  hub.close();
  await expect(next).rejects.toMatchObject({ name: "AbortError" });
  expect(hub.subscribers).toBe(0);
});
