import { type PlainChange, splitSpec } from "./python-rbd.ts";

/** What a frequent command of `rbd` does, as a call of plain librbd. */
export interface PlainCall {
  readonly spec: string;
  readonly change: PlainChange;
}

const units: Readonly<Record<string, number>> = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * The call of librbd that a command of `rbd` consists of, for those that tests prepare images with hundreds of times: one
 * process can make them all. `undefined` for any other command, option or form, which `rbd` itself has to run.
 */
export function asPlainCall(args: readonly string[]): PlainCall | undefined {
  const words: string[] = [];
  const sizes = new Map<string, number>();
  let allowShrink = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--no-progress") continue;
    if (word === "--allow-shrink") allowShrink = true;
    else if (word === "--size" || word === "--object-size") {
      const [, digits, unit = "M"] = /^(\d+)([BKMG])?$/.exec(args[++at] ?? "") ?? [];
      if (digits === undefined) return undefined;
      sizes.set(word, Number(digits) * (units[unit] ?? 0));
    } else if (word.startsWith("-")) return undefined;
    else words.push(word);
  }
  const spec = words.at(-1) ?? "";
  const parts = splitSpec(spec);
  if (parts === undefined) return undefined;
  const hasSnapshot = parts.snapshot !== undefined;
  const size = sizes.get("--size");
  const verb = words.slice(0, -1).join(" ");
  if (hasSnapshot && sizes.size === 0) {
    if (verb === "snap create") return { spec, change: { action: "snapshot", name: parts.snapshot } };
    if (verb === "snap rm") return { spec, change: { action: "remove-snapshot", name: parts.snapshot } };
    if (verb === "snap protect") return { spec, change: { action: "protect", name: parts.snapshot } };
    if (verb === "snap unprotect") return { spec, change: { action: "unprotect", name: parts.snapshot } };
  }
  if (hasSnapshot) return undefined;
  if (verb === "create" && size !== undefined) {
    const objectSize = sizes.get("--object-size");
    return { spec, change: { action: "create", size, ...(objectSize === undefined ? {} : { objectSize }) } };
  }
  if (verb === "resize" && size !== undefined)
    return { spec, change: { action: "resize", size, allowShrink } };
  if (verb === "rm" && sizes.size === 0) return { spec, change: { action: "remove" } };
  return undefined;
}
