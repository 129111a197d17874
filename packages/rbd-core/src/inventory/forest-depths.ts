/**
 * The depth of every key: `rootDepth` without a parent, else one more than the parent's. A circle is cut at the
 * link of the first of its keys that the walk meets again, by removing that link from `parents`.
 */
export function depths(
  keys: readonly string[],
  parents: Map<string, string>,
  rootDepth: (key: string) => number,
): Map<string, number> {
  const depthOf = new Map<string, number>();
  for (const start of keys) {
    const line: string[] = [];
    const onLine = new Set<string>();
    let key: string | undefined = start;
    while (key !== undefined && !depthOf.has(key)) {
      line.push(key);
      onLine.add(key);
      const parent: string | undefined = parents.get(key);
      if (parent !== undefined && onLine.has(parent)) {
        parents.delete(key);
        key = undefined;
      } else {
        key = parent;
      }
    }
    let above = key === undefined ? undefined : depthOf.get(key);
    for (const each of line.reverse()) {
      above = above === undefined ? rootDepth(each) : above + 1;
      depthOf.set(each, above);
    }
  }
  return depthOf;
}
