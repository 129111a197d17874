const MAXIMUM = 64;

/**
 * Labels as they are typed: `name=value` with commas between them. An empty text is no labels.
 *
 * @returns `labels` null, and a sentence for the user, when the text does not have that form.
 */
export function parseLabels(
  text: string,
): { labels: Record<string, string>; error: null } | { labels: null; error: string } {
  const labels: Record<string, string> = {};
  const wrong = (error: string) => ({ labels: null, error }) as const;
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = part.slice(0, equals).trim();
    if (equals < 0 || name === "") return wrong(`Write "${part}" as name=value.`);
    if (Object.hasOwn(labels, name)) return wrong(`The label ${name} is there twice.`);
    const value = part.slice(equals + 1).trim();
    if (name.length > 200 || value.length > 1000) return wrong(`The label ${name.slice(0, 40)} is too long.`);
    labels[name] = value;
  }
  if (Object.keys(labels).length > MAXIMUM) return wrong(`A backup has at most ${MAXIMUM} labels.`);
  return { labels, error: null };
}
