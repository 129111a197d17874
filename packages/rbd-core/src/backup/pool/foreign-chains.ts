import type { IoCtx } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { forEachLimit } from "../../concurrency/index.ts";
import { ignoreNotFound } from "../../headers/index.ts";
import { compareText, type ImageSpec } from "../../names/index.ts";
import { readOperations } from "../../operation/index.ts";
import { type ForeignChain, foreignChain, type PoolImage } from "../cinder/cinder-chains.ts";
import { formatCinderMetadataObject, parseCinderBase } from "../cinder/cinder-format.ts";

/** The size and the snapshots of an image, by its id; `null` when there is none. */
export type ReadChainImage = (imageId: string) => Promise<Pick<PoolImage, "size" | "snapshots"> | null>;

/** How many images are looked at, at a time. */
const readsAtOnce = 128;

/**
 * What other programs have left in a backup pool in Cinder's format, from the images' names and headers alone; by the name of
 * the chain's image. An image that is removed meanwhile is left out.
 *
 * @param recorded The ids of the points with a record.
 * @throws {RbdError}
 */
export async function readForeignChains(
  cluster: Cluster,
  place: Omit<ImageSpec, "image">,
  recorded: ReadonlySet<string>,
  read: ReadChainImage,
  signal: AbortSignal | undefined,
): Promise<readonly ForeignChain[]> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const known = new Set([...recorded, ...(await idsUnderWay(ioCtx, signal))]);
  const images = (await ioCtx.listImages({ signal })).filter(({ name }) => parseCinderBase(name) !== null);
  const found: ForeignChain[] = [];
  const look = async ({ id, name }: { id: string; name: string }) => {
    const facts = await read(id);
    if (facts === null) return;
    const image = { id, name, ...facts };
    const chain = foreignChain(image, { known });
    if (chain === null) return;
    const backupId = parseCinderBase(name)?.backupId ?? null;
    // Only such an image may be a backup by itself, which its metadata object tells.
    const asks = chain.points.length === 0 && chain.head === null && backupId !== null;
    const isWhole = asks && (await hasMetadata(ioCtx, backupId, signal));
    found.push(isWhole ? (foreignChain(image, { known, metadataIds: [backupId] }) ?? chain) : chain);
  };
  await forEachLimit(images, readsAtOnce, look, signal);
  return found.sort((a, b) => compareText(a.chain, b.chain));
}

const appendSchema = z.object({ doing: z.object({ do: z.literal("append"), id: z.string() }) });

/** The ids of the points that are being made, or whose making was interrupted. */
async function idsUnderWay(ioCtx: IoCtx, signal: AbortSignal | undefined): Promise<string[]> {
  const operations = await readOperations(ioCtx, { signal });
  return operations.flatMap(({ record }) => {
    const details = appendSchema.safeParse(record?.details);
    return details.success ? [details.data.doing.id] : [];
  });
}

async function hasMetadata(
  ioCtx: IoCtx,
  backupId: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const object = formatCinderMetadataObject(backupId);
  return (await ignoreNotFound(() => ioCtx.objects.stat(object, { signal }))) !== null;
}
