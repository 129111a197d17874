import { expect, test } from "vitest";
import { AuditStore } from "../../src/access/audit.ts";
import { openDatabase } from "../../src/db/database.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("the audit log is read from new to old, page by page, each entry once", async () => {
  const clock = new FakeClock();
  const store = new AuditStore(await openDatabase(":memory:"), clock);
  for (let index = 0; index < 23; index++) {
    await store.write({
      user: { id: "u1", username: "ada" },
      action: "clone.start",
      object: `rbd/${index}`,
      outcome: "ok",
      message: null,
      address: "192.0.2.1",
    });
    if (index % 4 === 0) await clock.pass(1000); // several share a moment
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.list({ limit: 5, ...(cursor === null ? {} : { cursor }) });
    seen.push(...page.rows.map(({ object }) => object ?? ""));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen.length).toBe(23);
  expect(new Set(seen).size).toBe(23);
  expect(seen[0]).toMatch(/rbd\/2[12]/);
  expect(seen.at(-1)).toBe("rbd/0");
  await expect(store.list({ limit: 5, cursor: "rubbish" })).rejects.toMatchObject({ code: "STALE_CURSOR" });
});
