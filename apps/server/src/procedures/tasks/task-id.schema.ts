import { z } from "zod";

export const taskIdInput = z.object({ id: z.uuid() });
