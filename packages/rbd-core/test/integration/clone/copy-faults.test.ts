import { describe, it } from "vitest";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { breakEachCall } from "./break-clone.ts";

const own = useOwnPool("copy-faults");

describe("a clone leaves everything as it was when one call fails", { timeout: 300_000 }, () => {
  it("when it enlarges the clone", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/grows`, ["monday="]);
        return { source: `${own.pool}/grows`, cloneFormat: 2, size: 64 * mib };
      },
      "grows-1",
    );
  });

  it("when it copies in full and enlarges the copy", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/copies`, ["monday"]);
        return { source: `${own.pool}/copies`, cloneFormat: 1, size: 64 * mib, maxDepth: 0 };
      },
      "copies-1",
    );
  });
});
