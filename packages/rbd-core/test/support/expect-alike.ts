import { expect } from "vitest";
import type { Witness } from "./witness.ts";

/**
 * What `rbd` itself says of two images must be the same, but for their names, ids and times: `rbd info`, `rbd snap ls`,
 * `rbd children` of every snapshot as a number, and the MD5 of `rbd export`.
 */
export async function expectAlike(witness: Witness, ours: string, theirs: string): Promise<void> {
  const [a, b] = [await describeImage(witness, ours), await describeImage(witness, theirs)];
  expect(a).toEqual(b);
}

async function describeImage(witness: Witness, spec: string): Promise<object> {
  const info = (await witness.json("info", spec)) as Record<string, unknown>;
  const { name, id, block_name_prefix, create_timestamp, access_timestamp, modify_timestamp, ...facts } =
    info;
  const listed = (await witness.json("snap", "ls", "--all", spec)) as Record<string, unknown>[];
  const snapshots: unknown[] = [];
  for (const { id: _, timestamp: __, ...snapshot } of listed) {
    const children = (await witness.json("children", `${spec}@${String(snapshot.name)}`)) as unknown[];
    snapshots.push({ ...snapshot, children: children.length });
  }
  return { ...facts, snapshots, md5: await witness.md5(spec) };
}
