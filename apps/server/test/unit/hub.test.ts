import { beforeEach, expect, test } from "vitest";
import { Hub } from "../../src/events/hub.ts";
import type { ServerEvent } from "../../src/events/server-event.ts";

let hub: Hub;
const leaving = () => new AbortController();

beforeEach(() => {
  hub = new Hub(() => HELLO);
});

const HELLO: ServerEvent = {
  type: "hello",
  clusters: [{ cluster: "ceph", scannedAt: "2026-03-01T11:59:00Z" }],
};

const change = (key: string): ServerEvent => ({
  type: "inventory",
  cluster: "ceph",
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

/** A stream that has been greeted, with the id it would come back with. */
async function open(leave = leaving()) {
  const tab = hub.subscribe({ lastEventId: null, signal: leave.signal });
  const [first] = await take(tab, 1);
  expect(first?.event).toEqual(HELLO);
  return { tab, id: first?.id ?? "", leave };
}

const resume = (lastEventId: string) => hub.subscribe({ lastEventId, signal: leaving().signal });

test("every tab gets every event, in order, with an id", async () => {
  const tabs = [await open(), await open()];
  hub.publish(change("a"));
  hub.publish(change("b"));
  for (const { tab } of tabs) {
    const events = await take(tab, 2);
    expect(events.map(({ event }) => event)).toEqual([change("a"), change("b")]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
  }
});

test("a tab that reconnects gets the events that it missed, and no others", async () => {
  const { tab, id } = await open();
  hub.publish(change("a"));
  hub.publish(change("b"));
  const [a] = await take(tab, 1);
  expect((await take(resume(id), 2)).map(({ event }) => event)).toEqual([change("a"), change("b")]);
  expect((await take(resume(a?.id ?? ""), 1)).map(({ event }) => event)).toEqual([change("b")]);
});

test("a tab that missed nothing gets nothing", async () => {
  const { id } = await open();
  const again = resume(id);
  const next = again.next();
  hub.publish(change("later"));
  expect((await next).value).toMatchObject({ event: change("later") });
});

test.each(["deadbeef.7", "", "rubbish", "."])(
  "a tab that knows the id %j of another start is told to start over",
  async (id) => {
    expect((await take(resume(id), 1))[0]?.event).toEqual({ type: "reset", cluster: null });
  },
);

test("a tab that was disconnected too long gets a reset", async () => {
  const { id } = await open();
  for (let index = 0; index < 1500; index++) hub.publish(change(String(index)));
  expect((await take(resume(id), 1))[0]?.event).toEqual({ type: "reset", cluster: null });
});

test("a tab that is too slow gets one reset for the events it missed, and then new events", async () => {
  const { tab } = await open();
  for (let index = 0; index < 3000; index++) hub.publish(change(String(index)));
  const [reset] = await take(tab, 1);
  expect(reset?.event).toEqual({ type: "reset", cluster: null });
  hub.publish(change("after"));
  expect((await take(tab, 1))[0]?.event).toEqual(change("after"));
  expect((await take(resume(reset?.id ?? ""), 1))[0]?.event).toEqual(change("after"));
});

test("a tab that disconnects is forgotten", async () => {
  const { tab, leave } = await open();
  const next = tab.next();
  expect(hub.subscribers).toBe(1);
  leave.abort();
  expect((await next).done).toBe(true);
  expect(hub.subscribers).toBe(0);
});

test("a shutdown ends streams with an error, so that clients reconnect", async () => {
  const { tab } = await open();
  const next = tab.next();
  hub.close();
  await expect(next).rejects.toMatchObject({ name: "AbortError" });
  expect(hub.subscribers).toBe(0);
});
