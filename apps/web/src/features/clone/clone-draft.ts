import { z } from "zod";
import { checkImageName } from "#lib/spec/check-name.ts";
import { formatPlace, formatSpec, parseSpec } from "#lib/spec/image-spec.ts";

export const cloneDraftSchema = z.object({
  /** `pool/[namespace/]image`; "" before one is chosen. */
  image: z.string().min(1, "Choose the image to clone."),
  /** Name of the snapshot to clone; "" is the image as it is now. */
  snapshot: z.string(),
  /** `pool` or `pool/namespace`. */
  place: z.string().min(1, "Choose a pool."),
  name: z.string().superRefine((name, context) => {
    const wrong = checkImageName(name);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  }),
});

/** What the form holds. */
export type CloneDraft = z.infer<typeof cloneDraftSchema>;

/** An empty form for `source`, an image or a snapshot. The name is suggested once the pool's names are known. */
export function draftFrom(source: string | undefined): CloneDraft {
  const spec = source === undefined ? null : parseSpec(source);
  if (spec === null) return { image: "", snapshot: "", place: "", name: "" };
  const { snapshot = "", ...image } = spec;
  return { image: formatSpec(image), snapshot, place: formatPlace(spec.pool, spec.namespace), name: "" };
}

/** What to ask the server for; null while the form is not complete. */
export function toCloneInput(draft: CloneDraft): { source: string; target: string } | null {
  if (!cloneDraftSchema.safeParse(draft).success) return null;
  return {
    source: draft.snapshot === "" ? draft.image : `${draft.image}@${draft.snapshot}`,
    target: `${draft.place}/${draft.name}`,
  };
}
