import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { environment } from "./environment.ts";

/** The initial password of the administrator, from the file that the README names. */
export async function adminPassword(): Promise<string> {
  return (await readFile(join(environment("E2E_DATA"), "admin-password"), "utf8")).trim();
}

/** Fills in the sign-in form and submits it. */
export async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
