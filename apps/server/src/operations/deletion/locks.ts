import { breakLock } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../../api/procedures.ts";
import { clusterId } from "../../api/schemas.ts";
import { t } from "../../api/trpc.ts";
import { imageName, namedImage } from "../named-image.ts";
import type { OperationServices } from "../operation-services.ts";

const breakInput = z.object({
  cluster: clusterId,
  image: imageName,
  /** Whose lock: `client.<number>`, as a deletion plan names it. */
  owner: z.string().regex(/^client\.\d{1,20}$/, "must be a client, such as client.4123"),
});

const brokenLock = z.object({
  owner: z.string(),
  address: z.string(),
  /** Whether the owner still had the image open: it was cut off from the cluster, and what it had not written is lost. */
  wasInUse: z.boolean(),
});

/** `locks` of the API. */
export function locksRouter({ clusters, inventories }: OperationServices) {
  return t.router({
    /**
     * Breaks the lock that a client holds on an image. The client is put on the cluster's blocklist: should it live after all,
     * it can write nothing any more until it connects anew.
     */
    break: operatorProcedure
      .input(breakInput)
      .output(brokenLock)
      .mutation(async ({ ctx, input: { cluster: id, image, owner } }) => {
        ctx.audit.object = image;
        // Without the caller's signal: a lock that is half broken helps nobody.
        const { address, wasInUse } = await clusters
          .get(id)
          .use((cluster) => breakLock(cluster, namedImage(id, image), { owner }));
        inventories.get(id).renew();
        return { owner, address, wasInUse };
      }),
  });
}
