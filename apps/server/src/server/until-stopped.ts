/** Signals that ask a server to stop. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Resolves at the first SIGINT or SIGTERM, or when the launcher that holds the other end of this process's IPC channel
 * is gone, however it went: no orphan keeps the port. A second signal ends the process at once, for a person who does
 * not want to wait for tasks that undo what they made.
 */
export function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  const stop = () => {
    asked = true;
    process.off("disconnect", stop); // a listener would keep the channel, and with it this process, alive
    resolve();
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (asked) process.exit(signal === "SIGINT" ? 130 : 143);
      stop();
    });
  }
  process.on("disconnect", stop);
  return promise;
}
