/** An image or one of its snapshots by name. `namespace` is "" for the default namespace. */
interface ImageSpec {
  pool: string;
  namespace: string;
  image: string;
  snapshot?: string;
}

/** Parses `pool/[namespace/]image[@snapshot]`; null when the text does not have that form. */
export function parseSpec(text: string): ImageSpec | null {
  const at = text.indexOf("@");
  const path = (at < 0 ? text : text.slice(0, at)).split("/");
  const snapshot = at < 0 ? undefined : text.slice(at + 1);
  if (path.length < 2 || path.length > 3 || path.some((part) => part === "")) return null;
  if (snapshot !== undefined && (snapshot === "" || /[@/]/.test(snapshot))) return null;
  const [pool = "", middle = "", last = ""] = path;
  const image = path.length === 3 ? last : middle;
  const namespace = path.length === 3 ? middle : "";
  return snapshot === undefined ? { pool, namespace, image } : { pool, namespace, image, snapshot };
}

/** The inverse of `parseSpec`. */
export function formatSpec({ pool, namespace, image, snapshot }: ImageSpec): string {
  const path = namespace === "" ? `${pool}/${image}` : `${pool}/${namespace}/${image}`;
  return snapshot === undefined ? path : `${path}@${snapshot}`;
}

/** The pool spec of an image, as `rbd` calls it: `pool` or `pool/namespace`. */
export function formatPoolSpec(pool: string, namespace: string): string {
  return namespace === "" ? pool : `${pool}/${namespace}`;
}

/**
 * A name with the control characters made visible that change the direction of text: with them, the name of an image could
 * make what stands around it read differently. For display only; links and requests take the name itself.
 */
export function visibleName(name: string): string {
  return name.replace(/\p{Bidi_Control}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
