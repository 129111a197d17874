import { z } from "zod";
import { formatPoolSpec, formatSpec, parseSpec } from "#lib/spec.ts";

export const cloneDraftSchema = z.object({
  /** `pool/[namespace/]image`; "" before an image is chosen. */
  image: z.string().min(1, "Choose the image to clone."),
  /** Name of the snapshot to clone; "" for the current state of the image. */
  snapshot: z.string(),
  /** `pool` or `pool/namespace`. */
  poolSpec: z.string().min(1, "Choose a pool."),
  name: z.string().superRefine((name, context) => {
    const message = checkImageName(name);
    if (message !== null) context.addIssue({ code: "custom", message });
  }),
});

/** The values of the form. */
export type CloneDraft = z.infer<typeof cloneDraftSchema>;

/** The initial values for `source`, an image or a snapshot. The form suggests a name once it knows which are taken. */
export function draftFrom(source: string | undefined): CloneDraft {
  const spec = source === undefined ? null : parseSpec(source);
  if (spec === null) return { image: "", snapshot: "", poolSpec: "", name: "" };
  const { snapshot = "", ...image } = spec;
  return {
    image: formatSpec(image),
    snapshot,
    poolSpec: formatPoolSpec(spec.pool, spec.namespace),
    name: "",
  };
}

/** The values as the server takes them; null while the form is incomplete. */
export function toCloneInput(draft: CloneDraft): { source: string; target: string } | null {
  if (!cloneDraftSchema.safeParse(draft).success) return null;
  return {
    source: draft.snapshot === "" ? draft.image : `${draft.image}@${draft.snapshot}`,
    target: `${draft.poolSpec}/${draft.name}`,
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: names must not contain control characters
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Why `name` is not a valid name of an image, in a sentence; null when it is valid. */
export function checkImageName(name: string): string | null {
  if (name === "") return "Enter a name for the clone.";
  if (name.includes("/")) return "A name cannot contain “/”, which separates pool, namespace and image.";
  if (name.includes("@")) return "A name cannot contain “@”, which separates the image and the snapshot.";
  if (CONTROL.test(name)) return "A name cannot contain control characters.";
  if (name !== name.trim()) return "A name cannot begin or end with a space.";
  return null;
}

/**
 * A free name for a clone of `image`: `vm-1-clone`, then `vm-1-clone-2`, and so on. The name of a clone of a clone is
 * counted up (`vm-1-clone-2` → `vm-1-clone-3`), so that it does not become `vm-1-clone-clone`.
 */
export function suggestName(image: string, taken: ReadonlySet<string>): string {
  const match = /^(?<base>.+-clone)(?:-(?<count>[1-9]\d{0,5}))?$/.exec(image);
  const base = match?.groups?.base ?? `${image}-clone`;
  if (match === null && !taken.has(base)) return base;
  let count = Number(match?.groups?.count ?? 1) + 1;
  while (taken.has(`${base}-${count}`)) count += 1;
  return `${base}-${count}`;
}
