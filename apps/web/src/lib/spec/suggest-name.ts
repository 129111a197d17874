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
