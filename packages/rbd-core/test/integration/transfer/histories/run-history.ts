import { createImage } from "../../../../src/image/image.ts";
import { copyImage } from "../../../../src/transfer/copy/copy-image.ts";
import { exportDiff } from "../../../../src/transfer/export/export-diff.ts";
import { importDiff } from "../../../../src/transfer/import/import-diff.ts";
import { Random } from "../random.ts";
import { problemsOf } from "./check-point.ts";
import { HistorySource } from "./history-source.ts";
import { type Counts, type HistoryPlace, HistoryTarget } from "./history-target.ts";

/**
 * Runs one random history: an image is changed and snapshotted, its points are copied while both ends are disturbed, and its
 * copy is copied on. Every point is compared with a model in memory, read by plain librbd in another process.
 *
 * @throws Error that tells the whole history
 */
export async function runHistory(place: HistoryPlace, seed: number, counts: Counts): Promise<void> {
  const random = new Random(seed);
  const source = await HistorySource.make(place.cluster, place.pool, `h${seed}`, random);
  try {
    await followHistory(place, source, random, counts);
    counts.add("histories");
  } catch (error) {
    throw new Error(`history ${seed}: ${String(error)}\n  ${source.log.join("\n  ")}`, { cause: error });
  }
}

async function followHistory(
  place: HistoryPlace,
  source: HistorySource,
  random: Random,
  counts: Counts,
): Promise<void> {
  const { name, model, log } = source;
  const target = await HistoryTarget.make(place, `${name}-copy`, random, source, log, counts);
  const isAtOnce = random.chance(0.4);
  const points = Array.from({ length: 2 + random.below(3) }, (_, i) => `s${i}`);
  const waiting: string[] = [];
  let from: string | undefined;
  const copyWaiting = async () => {
    for (const to of waiting.splice(0)) {
      await target.copy(source.spec, from, to, model.at(to), () => source.meddle());
      // What is not needed any more goes.
      if (from !== undefined && random.chance(0.2)) await source.removeSnapshot(from);
      from = to;
    }
  };
  for (const to of points) {
    await source.advance(to);
    if (!(await isReadRight(place, source, to, from, counts))) {
      counts.add("histories that end where plain librbd misreads the source");
      await target.checkAll();
      return;
    }
    // Now and then a point is left out.
    if (to === points.at(-1) || random.chance(0.85)) waiting.push(to);
    if (!isAtOnce) await copyWaiting();
  }
  await copyWaiting();
  await goOn(place, source, target, random, counts);
  await target.checkAll();
}

/**
 * Whether plain librbd reads a point of the source as the model has it. It does not where a snapshot's object map says that
 * objects are missing (maps switched on after a snapshot, rebuilt for the head alone, then rolled back): then nobody can say
 * what a copy of that point has to hold. Other faults of the map are remarked.
 */
async function isReadRight(
  { python, pool }: HistoryPlace,
  { name, model, log }: HistorySource,
  snapshot: string,
  since: string | undefined,
  counts: Counts,
): Promise<boolean> {
  const older = since === undefined ? undefined : { snapshot: since, bytes: model.at(since) };
  const problems = await problemsOf(python, {
    pool,
    image: name,
    snapshot,
    bytes: model.at(snapshot),
    since: older,
  });
  for (const problem of problems) {
    log.push(`plain librbd of the source's ${snapshot}: ${problem}`);
    counts.add(`sources: ${problem.replace(/[\d[\],]+/g, "…").replace(/since \w+ /, "since … ")}`);
  }
  return !problems.some((problem) => problem === "its bytes differ");
}

/** What is done with the copy, or with the source by other ways. */
async function goOn(
  place: HistoryPlace,
  source: HistorySource,
  target: HistoryTarget,
  random: Random,
  counts: Counts,
): Promise<void> {
  const { cluster, pool, python } = place;
  const { log, name } = source;
  const way = random.below(4);
  if (way === 0) {
    const back = await HistoryTarget.make(place, `${name}-back`, random, source, log, counts);
    let from: string | undefined;
    for (const { snapshot, bytes } of [...target.points]) {
      await back.copy(target.spec, from, snapshot, bytes, async () => {});
      from = snapshot;
    }
    counts.add("copies of copies");
  } else if (way === 1) {
    const whole = `${name}-whole`;
    const verify = random.pick(["none", "changed", "full"] as const);
    log.push(`copyImage of ${target.name} to ${whole}, verify ${verify}`);
    await copyImage(cluster, { image: target.spec, target: { image: `${pool}/${whole}` }, verify });
    let since: { readonly snapshot: string; readonly bytes: Buffer } | undefined;
    for (const point of target.points) {
      const problems = await problemsOf(python, { pool, image: whole, since, ...point });
      if (problems.length > 0) throw new Error(`${whole}@${point.snapshot} is wrong: ${problems.join("; ")}`);
      since = point;
    }
    counts.add("copies of whole images");
  } else if (way === 2) {
    const streamed = `${name}-streamed`;
    await createImage(cluster, `${pool}/${streamed}`, { size: 0, objectSize: source.objectSize });
    let since: { readonly snapshot: string; readonly bytes: Buffer } | undefined;
    for (const point of [...target.points]) {
      const { snapshot, bytes } = point;
      log.push(`diff ${since?.snapshot ?? "nothing"}..${snapshot} of ${target.name} to ${streamed}`);
      const stream = exportDiff(cluster, { image: target.spec, from: since?.snapshot, to: snapshot });
      await importDiff(cluster, { image: `${pool}/${streamed}`, source: stream });
      const problems = await problemsOf(python, { pool, image: streamed, snapshot, bytes, since });
      if (problems.length > 0) throw new Error(`${streamed}@${snapshot} is wrong: ${problems.join("; ")}`);
      since = point;
    }
    counts.add("chains of diffs");
  }
}
