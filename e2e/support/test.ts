import { test as base, expect } from "@playwright/test";
import { environment } from "./environment.ts";
import { Forester } from "./forester.ts";
import { Witness } from "./witness.ts";

interface Fixtures {
  /** Plain `rbd`, to say whether what the dashboard claims is so. */
  witness: Witness;
  /** Plants images for a test, and has the dashboard see them. */
  forester: Forester;
}

/** A test whose page is signed in; see sign-in.setup.ts. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright insists on a pattern, and this fixture needs no other.
  witness: async ({}, use) => use(new Witness(environment("E2E_CEPH_CONF"))),
  forester: async ({ witness, request, baseURL }, use) => use(new Forester(witness, request, baseURL ?? "")),
});

export { expect };
