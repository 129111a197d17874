import { expect, test } from "vitest";
import { type AuditListPage, AuditLog } from "../../src/access/audit.ts";
import { migrations, openDatabase } from "../../src/db/database.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("the audit log is read from new to old, page by page, each entry once", async () => {
  const clock = new FakeClock();
  const store = new AuditLog(await openDatabase(":memory:", migrations("ceph")), clock);
  for (let index = 0; index < 23; index++) {
    await store.write({
      user: { id: "u1", username: "ada" },
      action: "clone.start",
      cluster: index % 2 === 0 ? "ceph" : "other",
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
    const page: AuditListPage = await store.list({ limit: 5, ...(cursor === null ? {} : { cursor }) });
    seen.push(...page.rows.map(({ object }) => object ?? ""));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen.length).toBe(23);
  expect(new Set(seen).size).toBe(23);
  expect(seen[0]).toMatch(/rbd\/2[12]/);
  expect(seen.at(-1)).toBe("rbd/0");
  await expect(store.list({ limit: 5, cursor: "rubbish" })).rejects.toMatchObject({ code: "STALE_CURSOR" });
  const { rows } = await store.list({ limit: 50, cluster: "other" });
  expect(rows.map(({ object }) => object)).toHaveLength(11);
  expect(new Set(rows.map(({ cluster }) => cluster))).toEqual(new Set(["other"]));
});
