import { CoppiceError } from "../errors/coppice-error.ts";
import type { ImageSpec } from "./image-spec.ts";
import { type NamePart, nameProblem } from "./name-part.ts";

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
