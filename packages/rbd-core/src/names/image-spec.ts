import { CoppiceError } from "../errors/index.ts";
import { checkName, type NamePart, nameProblem } from "./name-part.ts";

/** Where an image (or one of its snapshots) lives. Written `pool/[namespace/]image[@snap]`. */
export interface ImageSpec {
  pool: string;
  /** `""` is the pool's default namespace. */
  namespace: string;
  image: string;
  snapshot?: string;
}

/**
 * Reads `pool/[namespace/]image[@snap]`. The pool is never left out: a default would hide a mistake.
 *
 * The inverse of {@link formatImageSpec}: `formatImageSpec(parseImageSpec(text)) === text`.
 *
 * @throws {CoppiceError} `INVALID_NAME`, saying which part is missing, empty, too long or holds an illegal
 * character.
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
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new CoppiceError({
    code: "INVALID_NAME",
    call: "parseImageSpec",
    object: text,
    message: `${JSON.stringify(shown)} does not name an image: ${problem}`,
    hint: "Write pool/[namespace/]image[@snapshot], for example rbd/vm-1 or rbd/tenant/vm-1@monday.",
  });
}

/**
 * Writes a spec as `pool/[namespace/]image[@snap]`, so that {@link parseImageSpec} reads the same back.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or holds an illegal character.
 */
export function formatImageSpec(spec: ImageSpec): string {
  checkName("pool", spec.pool);
  if (spec.namespace !== "") checkName("namespace", spec.namespace);
  checkName("image", spec.image);
  if (spec.snapshot !== undefined) checkName("snapshot", spec.snapshot);
  return showImageSpec(spec);
}

/**
 * The same without the checks: for messages and listings, where an image that another client named oddly must
 * still be shown. What it returns is not sure to parse.
 */
export function showImageSpec(spec: ImageSpec): string {
  const place = spec.namespace === "" ? spec.pool : `${spec.pool}/${spec.namespace}`;
  const image = `${place}/${spec.image}`;
  return spec.snapshot === undefined ? image : `${image}@${spec.snapshot}`;
}

/** What every function that takes an image accepts: the text, or its parts. */
export type ImageSpecLike = string | Readonly<ImageSpec>;

/**
 * Turns either form into parts. Text is parsed strictly. Parts are taken as they are (an image made elsewhere
 * may have a name that no spec can express) as long as none is empty or holds NUL, which no C call can carry.
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
 * The same for a place where a snapshot makes no sense, such as the target of a clone.
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
    message: `${JSON.stringify(showImageSpec(spec))} names a snapshot where an image is needed`,
    hint: "Leave out the part from the @ on.",
  });
}

/**
 * The same for a place where a snapshot is needed, such as the parent of a clone.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function toSnapshotSpec(input: ImageSpecLike): Required<ImageSpec> {
  const { snapshot, ...image } = toImageSpec(input);
  if (snapshot !== undefined) return { ...image, snapshot };
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "toImageSpec",
    object: showImageSpec(image),
    message: `${JSON.stringify(showImageSpec(image))} names an image where a snapshot is needed`,
    hint: "Add @ and the snapshot's name, as in pool/[namespace/]image@snapshot.",
  });
}
