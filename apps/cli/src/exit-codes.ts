/** What the exit code says. Scripts branch on it. */
export const exitCodes = {
  done: 0,
  /** It failed; what it had begun is undone. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** The image, backup or pool is not there. */
  notFound: 3,
  /** Something is not as it should be: a damaged backup, a removal that is blocked, work that stays interrupted. */
  problem: 4,
  /** Stopped by Ctrl-C or a signal. */
  canceled: 130,
} as const;
