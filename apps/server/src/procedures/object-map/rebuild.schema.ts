import { z } from "zod";

export const rebuildInput = z.object({
  /** `pool/[namespace/]image`; the SDK's parser has the last word on it. */
  image: z.string().trim().min(1).max(1024),
});

export type RebuildInput = z.output<typeof rebuildInput>;
