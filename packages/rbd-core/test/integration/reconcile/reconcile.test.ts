import { expect, it } from "vitest";
import { createImage } from "../../../src/image/image.ts";
import { beginOperation, listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("reconcile");

function request(image: string, kind: string, purpose = "make") {
  return { image: { pool: own.pool, namespace: "", image }, purpose, kind, details: null };
}

async function interrupted(image: string, kind: string, purpose?: string): Promise<void> {
  await (await beginOperation(own.cluster, request(image, kind, purpose)))[Symbol.asyncDispose]();
}

it("ends what was interrupted, and leaves what is under way and what it does not know", async () => {
  await interrupted("0", "flatten");
  await interrupted("a", "clone");
  await interrupted("b", "volume");
  await interrupted("c", "capture");
  await interrupted("d", "something-newer");
  await using _ = await beginOperation(own.cluster, request("e", "clone"));
  const progress: number[] = [];
  const reconciled = await reconcile(own.cluster, {
    pools: [own.pool],
    onProgress: ({ done, total }) => progress.push(done, total),
  });
  const outcomes = reconciled.map(({ operation, outcome, error }) => [
    operation.image.image,
    outcome,
    error?.code,
  ]);
  expect(outcomes).toEqual([
    ["a", "undone", undefined],
    ["b", "undone", undefined],
    ["c", "undone", undefined],
    ["d", "failed", "UNSUPPORTED"],
    ["e", "skipped", undefined],
    ["0", "left", undefined],
  ]);
  expect(progress).toEqual([1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 6, 6]);
  const left = await listOperations(own.cluster, { pools: [own.pool] });
  expect(left.map(({ image }) => image.image)).toEqual(["0", "d", "e"]);
});

it("ends a removal that had not removed anything", async () => {
  await createImage(own.cluster, `${own.pool}/there`, { size: 1024 ** 2 });
  await interrupted("there", "delete-volume", "remove");
  const [first] = (await reconcile(own.cluster, { pools: [own.pool] })).filter(
    ({ operation }) => operation.image.image === "there",
  );
  expect(first).toMatchObject({ outcome: "undone", error: null });
  expect(await own.rbd("ls", own.pool)).toContain("there");
});

it("may be run by several processes at the same time", async () => {
  for (const name of ["x", "y", "z"]) await interrupted(name, "clone");
  const runs = await Promise.all([1, 2, 3].map(() => reconcile(own.cluster, { pools: [own.pool] })));
  const ended = runs.flat().filter(({ outcome }) => outcome === "undone");
  expect(ended.map(({ operation }) => operation.image.image).sort()).toEqual(["x", "y", "z"]);
});
