/** Letters, digits, dot, dash, underscore; begins with a letter or digit. */
export function isUsername(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{1,63}$/i.test(text);
}
