import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { checkName } from "../names/name-part.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import { readRemovalFacts } from "./read-removal-facts.ts";
import type { RemovalFacts } from "./removal-facts.ts";

export interface PrefixPlace {
  pool: string;
  /** Default: the pool's default namespace. */
  namespace?: string | undefined;
  /** What the images' names begin with; never empty. An instance's disks begin with the instance's UUID. */
  prefix: string;
}

/**
 * Reads the images whose names begin with a prefix, by name.
 *
 * @throws {CoppiceError} `INVALID_NAME` for a prefix that no name can have; `NOT_FOUND` for the pool
 */
export async function findByPrefix(
  cluster: Cluster,
  { pool, namespace = "", prefix }: PrefixPlace,
  signal: AbortSignal | undefined,
): Promise<RemovalFacts[]> {
  if (prefix === "") {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "removeByPrefix",
      object: pool,
      message: "an empty prefix would mean every image of the pool",
      hint: "Give what the names begin with.",
    });
  }
  checkName("image", prefix);
  const ioCtx = await cluster.pool(pool, namespace);
  const listed = await withCoppiceErrors({ object: pool }, () => ioCtx.listImages());
  const names = listed.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const specs = names.toSorted().map((image): ImageSpec => ({ pool, namespace, image }));
  const facts = new Map<ImageSpec, RemovalFacts>();
  const read = async (spec: ImageSpec) => {
    facts.set(spec, await readRemovalFacts(cluster, spec));
  };
  await forEachLimit(specs, 16, read, signal);
  return specs.flatMap((spec) => facts.get(spec) ?? []);
}
