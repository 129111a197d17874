/**
 * Time left in words that stay put: the smaller the estimate, the finer the step, so that it counts down instead of
 * flickering. Null when it cannot be known.
 */
export function formatRemaining(done: number, total: number | null, rate: number | null): string | null {
  if (total === null || rate === null || rate <= 0 || done >= total) return null;
  const seconds = (total - done) / rate;
  if (seconds < 5) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `about ${minutes < 10 ? minutes : Math.ceil(minutes / 5) * 5} min left`;
  const hours = seconds / 3600;
  if (hours < 48) return `about ${Number((Math.ceil(hours * 2) / 2).toFixed(1))} h left`;
  return `about ${Math.ceil(hours / 24)} days left`;
}
