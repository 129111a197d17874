import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { environment } from "./environment.ts";
import { RbdCli, TestImages } from "./rbd.ts";

interface Fixtures {
  /** The `rbd` command line, to verify what the dashboard shows. */
  rbd: RbdCli;
  /** Creates images for the test. */
  images: TestImages;
}

/** A test with a signed-in page; see sign-in.setup.ts. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires a pattern, and this fixture needs no other fixture.
  rbd: async ({}, use) => use(new RbdCli(environment("E2E_CEPH_CONF"))),
  images: async ({ rbd, request, baseURL }, use) => use(new TestImages(rbd, request, baseURL ?? "")),
});

export { expect };

/** Fails when axe finds a violation of WCAG 2.2 AA on the page. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html)}`);
  expect(found).toEqual([]);
}
