import { CoppiceError } from "../errors/index.ts";
import { checkName, type NamePart, nameProblem, quoted } from "./name-part.ts";

/** The name of an image, or of one of its snapshots, in full. Written `pool/[namespace/]image[@snap]`. */
export interface ImageSpec {
  pool: string;
  /** `""` is the pool's default namespace. */
  namespace: string;
  image: string;
  snapshot?: string;
}

/**
 * Parses `pool/[namespace/]image[@snap]`. The pool is required: a default would hide a mistake.
 *
 * The inverse of {@link formatImageSpec}: `formatImageSpec(parseImageSpec(text)) === text`.
 *
 * @throws {CoppiceError} `INVALID_NAME` with the part that is missing, empty, too long or has an illegal character
 */
export function parseImageSpec(text: string): ImageSpec {
  const parts = text.split("/");
  if (text === "") throw refusal(text, "it is empty");
  if (parts.length === 1) throw refusal(text, "the pool is missing");
  if (parts.length > 3) throw refusal(text, `it has ${parts.length - 1} slashes, at most two are possible`);

  const [pool, last] = [parts[0] ?? "", parts.at(-1) ?? ""];
  const at = last.indexOf("@");
  const spec: ImageSpec = {
    pool,
    namespace: parts.length === 3 ? (parts[1] ?? "") : "",
    image: at === -1 ? last : last.slice(0, at),
  };
  if (at !== -1) spec.snapshot = last.slice(at + 1);

  check(text, "pool", spec.pool);
  if (parts.length === 3) check(text, "namespace", spec.namespace);
  check(text, "image", spec.image);
  if (spec.snapshot !== undefined) check(text, "snapshot", spec.snapshot);
  return spec;
}

function check(text: string, part: NamePart, name: string): void {
  const problem = nameProblem(part, name);
  if (problem !== undefined) throw refusal(text, problem);
}

function refusal(text: string, problem: string): CoppiceError {
  return new CoppiceError({
    code: "INVALID_NAME",
    call: "parseImageSpec",
    object: text,
    message: `${quoted(text)} does not name an image: ${problem}`,
    hint: "Write pool/[namespace/]image[@snapshot], for example rbd/vm-1 or rbd/tenant/vm-1@monday.",
  });
}

/**
 * Formats a spec as `pool/[namespace/]image[@snap]`. The inverse of {@link parseImageSpec}.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or has an illegal character
 */
export function formatImageSpec(spec: ImageSpec): string {
  checkName("pool", spec.pool);
  if (spec.namespace !== "") checkName("namespace", spec.namespace);
  checkName("image", spec.image);
  if (spec.snapshot !== undefined) checkName("snapshot", spec.snapshot);
  return showImageSpec(spec);
}

/**
 * Formats a spec like {@link formatImageSpec}, without the checks. For messages and listings, which must show an image
 * even if another client gave it a name that no spec allows. The result may not parse.
 */
export function showImageSpec(spec: ImageSpec): string {
  const place = spec.namespace === "" ? spec.pool : `${spec.pool}/${spec.namespace}`;
  const image = `${place}/${spec.image}`;
  return spec.snapshot === undefined ? image : `${image}@${spec.snapshot}`;
}

/** How a function accepts the name of an image or snapshot: as text, or as its parts. */
export type ImageSpecLike = string | Readonly<ImageSpec>;

/**
 * Converts either form to parts. Text is parsed strictly. Parts are accepted as they are, since another client may have
 * given an image a name that no spec can express, unless one is empty or contains NUL, which C strings cannot.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toImageSpec(input: ImageSpecLike): ImageSpec {
  if (typeof input === "string") return parseImageSpec(input);
  const { pool, namespace, image, snapshot } = input;
  const parts = { pool, image, ...(snapshot === undefined ? {} : { snapshot }) };
  for (const [part, name] of Object.entries({ ...parts, namespace })) {
    if ((name === "" && part !== "namespace") || name.includes("\0") || !name.isWellFormed()) {
      throw new CoppiceError({
        code: "INVALID_NAME",
        call: "toImageSpec",
        object: showImageSpec(input),
        message: `${JSON.stringify(name)} cannot be the name of the ${part}`,
        hint: "A name has at least one character, no NUL, and is valid Unicode.",
      });
    }
  }
  return { ...parts, namespace };
}

/**
 * Like {@link toImageSpec}, for a place that needs an image and not a snapshot, such as the target of a clone.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toImageOnly(input: ImageSpecLike): ImageSpec {
  const spec = toImageSpec(input);
  if (spec.snapshot === undefined) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "toImageSpec",
    object: showImageSpec(spec),
    message: `${quoted(showImageSpec(spec))} names a snapshot where an image is needed`,
    hint: "Leave out the part from the @ on.",
  });
}

/**
 * Like {@link toImageSpec}, for a place that needs a snapshot.
 *
 * @param hint what to do when `input` names an image
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toSnapshotSpec(
  input: ImageSpecLike,
  hint = "Write pool/[namespace/]image@snapshot.",
): ImageSpec & { snapshot: string } {
  const { snapshot, ...image } = toImageSpec(input);
  if (snapshot !== undefined) return { ...image, snapshot };
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "toImageSpec",
    object: showImageSpec(image),
    message: `${quoted(showImageSpec(image))} names an image where a snapshot is needed`,
    hint,
  });
}
