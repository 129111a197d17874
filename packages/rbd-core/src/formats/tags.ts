/** The banners and record tags of what `rbd export-diff` and `rbd export --export-format 2` write. */
export const diffBanners = { 1: "rbd diff v1\n", 2: "rbd diff v2\n" } as const;
export const imageBanner = "rbd image v2\n";
export const imageDiffsBanner = "rbd image diffs v2\n";

const tag = (letter: string) => letter.charCodeAt(0);

export const diffTags = {
  from: tag("f"),
  to: tag("t"),
  protection: tag("p"),
  size: tag("s"),
  write: tag("w"),
  zero: tag("z"),
  end: tag("e"),
} as const;

export const imageTags = {
  order: tag("O"),
  features: tag("T"),
  stripeUnit: tag("U"),
  stripeCount: tag("C"),
  metadata: tag("M"),
  end: tag("E"),
} as const;

/** A tag for a message: the letter when it is one, the number otherwise. */
export function showTag(value: number): string {
  const letter = value >= 0x21 && value <= 0x7e ? `"${String.fromCharCode(value)}"` : "";
  return letter === "" ? `0x${value.toString(16).padStart(2, "0")}` : letter;
}
