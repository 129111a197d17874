const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** What an image is named by. */
export interface Named {
  name: string;
  spec: string;
  key: string;
}

/** By name the way people count (vm-2 before vm-10), then by spec, then by key: no two images are equal. */
export function compareNames(a: Named, b: Named): number {
  return collator.compare(a.name, b.name) || compareText(a.spec, b.spec) || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
