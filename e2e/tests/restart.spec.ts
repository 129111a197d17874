import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { type Product, startProduct } from "../support/product.ts";
import { RbdCli } from "../support/rbd.ts";
import { signIn } from "../support/sign-in.ts";
import { expect, test } from "../support/test.ts";

// Its own product, because this one is killed.
test.use({ storageState: { cookies: [], origins: [] } });
test.setTimeout(240_000);

const clone = "vms/kept-clone";

async function cloneInDialog(page: Page, product: Product): Promise<void> {
  await page.goto(`${product.origin}/image/?spec=${encodeURIComponent("vms/web-1")}`);
  await page.getByRole("button", { name: "Clone…" }).click();
  const dialog = page.getByRole("dialog", { name: "Clone an image" });
  await dialog.getByLabel("Name of the clone").fill("kept-clone");
  await dialog.getByRole("button", { name: "Clone", exact: true }).click();
  await expect(dialog.getByText("is ready.")).toBeVisible();
}

async function expectEverythingThere(page: Page, product: Product): Promise<void> {
  expect((await new RbdCli(product.conf).info(clone)).parent?.image).toBe("web-1");
  await page.goto(`${product.origin}/tasks/`);
  if (/sign-in/.test(page.url())) {
    const password = await readFile(join(product.dataDir, "admin-password"), "utf8");
    await signIn(page, "admin", password.trim());
  }
  await expect(page.getByText("kept-clone").first()).toBeVisible();
  await page.goto(`${product.origin}/image/?spec=${encodeURIComponent(clone)}`);
  await expect(page.getByRole("heading", { level: 1, name: /kept-clone/ })).toBeVisible();
}

test("after kill -9 of the server, and of everything, npm start restores the state", async ({ page }) => {
  const dataDir = await mkdtemp(join(tmpdir(), "coppice-e2e-killed-"));
  let product = await startProduct(dataDir);
  await page.goto(product.signInUrl);
  await cloneInDialog(page, product);

  await test.step("the server is killed: npm start reports it and stops the cluster", async () => {
    process.kill(await product.serverPid(), "SIGKILL");
    expect(await product.ended).toContain("The server was ended by SIGKILL");
    product = await startProduct(dataDir);
    await expectEverythingThere(page, product);
  });

  await test.step("npm start and the launcher are killed: the server ends, and the next start takes over", async () => {
    process.kill(-product.pid, "SIGKILL");
    await product.ended;
    product = await startProduct(dataDir);
    await expectEverythingThere(page, product);
  });

  await product.stop();
  await rm(dataDir, { recursive: true });
});
