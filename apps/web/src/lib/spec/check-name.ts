/** Control characters, which no tool can show or type. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROL = /[\u0000-\u001f\u007f]/;

/** What is wrong with `name` as an image's name, in a sentence; null when nothing is. */
export function checkImageName(name: string): string | null {
  if (name === "") return "Give the new image a name.";
  if (name.includes("/")) return "A name cannot contain “/”: it separates pool, namespace and image.";
  if (name.includes("@")) return "A name cannot contain “@”: it separates an image from its snapshot.";
  if (CONTROL.test(name)) return "A name cannot contain control characters.";
  if (name !== name.trim()) return "A name cannot begin or end with a space.";
  return null;
}
