/** Milliseconds since 1970 as the text that is stored and sent. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
