import { expect, it } from "vitest";
import { createImage, openImage, removeImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { inventory, isIncomplete } from "../../../src/inventory/index.ts";
import { beginOperation } from "../../../src/operation/index.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("marks");

async function rowOf(name: string) {
  const { rows } = await inventory(own.cluster, { pools: [own.pool] });
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`there is no row of ${name}`);
  return row;
}

it("an image whose making was interrupted is marked, and opens only when that is asked for", async () => {
  const spec = `${own.pool}/made`;
  await createImage(own.cluster, spec, { size: 1024 ** 2 });
  await createSnapshot(own.cluster, `${spec}@snap`);
  const image = { pool: own.pool, namespace: "", image: "made" };
  const request = { image, purpose: "make", kind: "clone", details: null };
  expect(await rowOf("made")).toMatchObject({ operation: null });

  const operation = await beginOperation(own.cluster, request);
  const running = await rowOf("made");
  expect(running.operation).toEqual({
    id: operation.record.id,
    kind: "clone",
    purpose: "make",
    state: "running",
  });
  expect(isIncomplete(running)).toBe(false);
  await (await openImage(own.cluster, spec)).close();

  await operation[Symbol.asyncDispose]();
  const interrupted = await rowOf("made");
  expect(interrupted.operation).toMatchObject({ kind: "clone", state: "interrupted" });
  expect(isIncomplete(interrupted)).toBe(true);
  for (const options of [{}, { readOnly: true }]) {
    await expect(openImage(own.cluster, spec, options)).rejects.toMatchObject({
      code: "INCOMPLETE",
      object: spec,
    });
  }
  await expect(openImage(own.cluster, `${spec}@snap`)).rejects.toMatchObject({ code: "INCOMPLETE" });
  await (await openImage(own.cluster, spec, { allowIncomplete: true })).close();

  await (await beginOperation(own.cluster, request)).end();
  await (await openImage(own.cluster, spec)).close();
  expect(await rowOf("made")).toMatchObject({ operation: null });
});

it("an operation of another purpose is marked, and prevents nothing", async () => {
  const spec = `${own.pool}/changed`;
  await createImage(own.cluster, spec, { size: 1024 ** 2 });
  const image = { pool: own.pool, namespace: "", image: "changed" };
  const request = { image, purpose: "flatten", kind: "flatten", details: null };
  await (await beginOperation(own.cluster, request))[Symbol.asyncDispose]();
  const row = await rowOf("changed");
  expect(row.operation).toMatchObject({ purpose: "flatten", state: "interrupted" });
  expect(isIncomplete(row)).toBe(false);
  await (await openImage(own.cluster, spec)).close();
  await removeImage(own.cluster, spec);
});
