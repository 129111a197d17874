import { z } from "zod";
import { formatPlace, formatSpec, parseSpec } from "#lib/spec.ts";

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

/** Control characters, which no tool can show or type. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROL = /[\u0000-\u001f\u007f]/;

/** What is wrong with `name` as an image's name, in a sentence; null when nothing is. */
export function checkImageName(name: string): string | null {
  if (name === "") return "Give the new image a name.";
  if (name.includes("/")) return "A name cannot contain “/”: it separates pool, namespace and image.";
  if (name.includes("@")) return "A name cannot contain “@”: it separates an image from its snapshot.";
  if (CONTROL.test(name)) return "A name cannot contain control characters.";
  if (name !== name.trim()) return "A name cannot begin or end with a space.";
  return null;
}

/**
 * A free name for a clone of `image`: `vm-1-clone`, then `vm-1-clone-2`, and so on. A clone of a clone counts on
 * (`vm-1-clone-2` → `vm-1-clone-3`) instead of growing `-clone-clone`.
 */
export function suggestName(image: string, taken: ReadonlySet<string>): string {
  const match = /^(?<base>.+-clone)(?:-(?<count>[1-9]\d{0,5}))?$/.exec(image);
  const base = match?.groups?.base ?? `${image}-clone`;
  if (match === null && !taken.has(base)) return base;
  let count = Number(match?.groups?.count ?? 1) + 1;
  while (taken.has(`${base}-${count}`)) count += 1;
  return `${base}-${count}`;
}
