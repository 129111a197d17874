const plain = new Intl.NumberFormat("en-US");

/** A whole number with thousands grouped: `10,000`. */
export function formatCount(value: number): string {
  return plain.format(value);
}

/** A count with its noun: `1 clone`, `12 clones`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Part of a whole in percent. Never rounds up to 100 what is not complete, nor down to 0 what has begun. */
export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return "0%";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "<1%";
  if (percent < 100 && percent > 99) return "99%";
  return `${Math.round(percent)}%`;
}
