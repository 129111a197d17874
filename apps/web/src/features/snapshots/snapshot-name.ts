// biome-ignore lint/suspicious/noControlCharactersInRegex: names must not contain control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Why `name` is not a valid name of a snapshot, in a sentence; null when it is valid. */
export function checkSnapshotName(name: string): string | null {
  if (name === "") return "Enter a name for the snapshot.";
  if (name.includes("/")) return "A name cannot contain “/”, which separates pool, namespace and image.";
  if (name.includes("@")) return "A name cannot contain “@”, which separates the image and the snapshot.";
  if (CONTROL.test(name)) return "A name cannot contain control characters.";
  if (name !== name.trim()) return "A name cannot begin or end with a space.";
  return null;
}

/** A name that says when the snapshot was made, in UTC: `manual-2026-03-01-140522`. */
export function timedName(prefix: string, at: Date): string {
  const [day = "", time = ""] = at.toISOString().split("T");
  return `${prefix}-${day}-${time.slice(0, 8).replaceAll(":", "")}`;
}
