import { z } from "zod";

export const eventsInput = z
  .object({
    /** Set by the client when it reconnects: the id of the last event it saw. */
    lastEventId: z.string().max(64).nullish(),
  })
  .optional();
