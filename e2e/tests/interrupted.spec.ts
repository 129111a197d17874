import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { APIRequestContext } from "@playwright/test";
import { environment } from "../support/environment.ts";
import { expect, expectAccessible, test } from "../support/test.ts";

const killed = fileURLToPath(new URL("../../packages/rbd-core/test/support/kill-child.ts", import.meta.url));

/** Clones in a process of its own that is killed while librbd makes the clone: it looks like one, and reads as zeroes. */
async function cloneAndDie(source: string, target: string): Promise<void> {
  const request = {
    conf: environment("E2E_CEPH_CONF"),
    kill: { inClone: "no-parent" },
    flow: { call: "cloneImage", options: { source, target } },
  };
  const child = spawn(process.execPath, [killed, JSON.stringify(request)], { stdio: "inherit" });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
}

/** Has the server reconcile now: by itself it does so in five minutes from then on. */
async function reconcileNow(request: APIRequestContext, origin: string): Promise<void> {
  const headers = { origin, "content-type": "application/json" };
  const started = await request.post("/trpc/operations.reconcile", { headers, data: { cluster: "ceph" } });
  const { taskId: id } = (await started.json()).result.data;
  const state = async () => {
    const answer = await request.get(`/trpc/tasks.get?input=${encodeURIComponent(JSON.stringify({ id }))}`);
    return (await answer.json()).result.data.state;
  };
  await expect.poll(state).toBe("succeeded");
}

test.setTimeout(120_000);

test("a clone that was interrupted is marked everywhere, and undone from the dashboard", async ({
  page,
  images,
  rbd,
  request,
  baseURL,
}) => {
  await reconcileNow(request, baseURL ?? "");
  const source = await images.create("whole");
  const target = `${source}-clone`;
  await cloneAndDie(source, target);
  expect((await rbd.info(target)).parent).toBeUndefined();
  await images.refresh();

  await test.step("the mark is on the overview, in the table, in the lineage and on the image's page", async () => {
    await page.goto("/");
    await expect(page.getByRole("link", { name: new RegExp(`${target}.*Interrupted: clone`) })).toBeVisible();
    await expectAccessible(page);
    await page.goto(`/images/?q=${encodeURIComponent(target.slice("vms/".length))}`);
    await expect(page.getByRole("row", { name: /Interrupted: clone/ })).toBeVisible();
    await page.goto(`/lineage/?view=tree&focus=${encodeURIComponent(target)}`);
    const row = page.getByRole("treegrid").getByRole("row", { name: new RegExp(target) });
    await expect(row).toContainText("Interrupted: clone");
    await page.goto(`/image/?spec=${encodeURIComponent(target)}`);
    await expect(page.getByText("Interrupted: clone")).toBeVisible();
    await expect(page.getByRole("button", { name: "Clone…" })).toBeDisabled();
    await expectAccessible(page);
  });

  await test.step("the dialog says what will happen, and the image goes with everything that was made for it", async () => {
    await page.getByRole("button", { name: "Finish or undo…" }).click();
    const dialog = page.getByRole("dialog", { name: "Finish or undo", exact: true });
    await expect(dialog).toContainText("what was made of it is removed");
    await expectAccessible(page);
    await dialog.getByRole("button", { name: "Finish or undo" }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole("link", { name: "Show task" }).click();
    await expect(page.getByText(`${target} was removed`).first()).toBeVisible();
    expect(await rbd.run("ls", "vms")).not.toContain(target.slice("vms/".length));
    expect(await rbd.snapshots(source)).toEqual([]);
  });
});
