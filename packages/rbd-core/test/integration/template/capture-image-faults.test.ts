import { describe, expect, it } from "vitest";
import { captureImage } from "../../../src/template/capture-image.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("capture-faults");
const { pool } = own;

describe("captureImage", () => {
  it.each([
    [1, false],
    [1, true],
    [2, true],
  ] as const)(
    "undoes everything when any call fails (clone format %i, late: %s)",
    { timeout: 300_000 },
    async (cloneFormat, late) => {
      const { witness } = own;
      const [from, to] = [`${pool}-${cloneFormat}-${late}`, `${pool}-${cloneFormat}-${late}-to`];
      for (const place of [from, to]) await own.cluster.createPool(place);
      const source = `${from}/disk`;
      await own.rbd("create", "--size", "8M", source);
      await own.write(source, { total: "1M", size: "128K", pattern: "rand" });
      const target = `${to}/template`;
      const calls = await breakEveryCall({
        own,
        pools: [from, to],
        flow: (cluster) => captureImage(cluster, { source, target, cloneFormat }),
        late,
        reset: async () => {
          await witness.rbd("snap", "unprotect", `${target}@snap`);
          await witness.rbd("snap", "rm", "--no-progress", `${target}@snap`);
          await witness.rbd("rm", "--no-progress", target);
        },
      });
      expect([...calls]).toEqual(
        expect.arrayContaining(["createSnapshot", "clone", "flatten", "removeSnapshot"]),
      );
    },
  );
});
