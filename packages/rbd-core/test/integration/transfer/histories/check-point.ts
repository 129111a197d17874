import type { Inspected, PythonRbd } from "../../../support/python-rbd.ts";
import { differences, sha256 } from "./model-image.ts";

/** A snapshot, or a head, that has to hold some bytes. */
export interface ExpectedPoint {
  readonly pool: string;
  readonly image: string;
  /** The head without it. */
  readonly snapshot?: string | undefined;
  readonly bytes: Buffer;
  /** An older snapshot of the same image, and its bytes: the whole-object diff must not miss what differs. */
  readonly since?: { readonly snapshot: string; readonly bytes: Buffer } | undefined;
}

/** What is wrong with a point: its bytes, its whole-object diff, or its object map. */
export async function problemsOf(python: PythonRbd, expected: ExpectedPoint): Promise<string[]> {
  const { pool, image, snapshot, bytes, since } = expected;
  const found = await python.inspect(pool, image, snapshot, since?.snapshot);
  const problems: string[] = [];
  if (found.size !== bytes.length) problems.push(`it has ${found.size} bytes, not ${bytes.length}`);
  else if (found.sha256 !== sha256(bytes)) problems.push("its bytes differ");
  const changed = joined(found.changed);
  const missed = differences(since?.bytes, bytes).filter(
    ([offset, length]) => !changed.some(([at, reported]) => at <= offset && offset + length <= at + reported),
  );
  if (missed.length > 0) {
    problems.push(
      `its diff since ${since?.snapshot ?? "nothing"} misses ${JSON.stringify(missed.slice(0, 4))}`,
    );
  }
  problems.push(...found.wrong.slice(0, 4));
  return problems;
}

/** Extents, ascending, of which those that touch are one. */
function joined(extents: Inspected["changed"]): [offset: number, length: number][] {
  const list: [number, number][] = [];
  for (const [offset, length] of extents.toSorted(([a], [b]) => a - b)) {
    const last = list.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += length;
    else list.push([offset, length]);
  }
  return list;
}
