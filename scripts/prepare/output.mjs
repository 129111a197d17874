// What the commands print: a line when a step starts, its progress while it runs, and the time that it took.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

/** A failure that the user can correct: its message is printed without a stack trace. */
export class UserError extends Error {
  /** @param {string} message what is wrong @param {string} [help] what to do about it */
  constructor(message, help) {
    super(help ? `${message}\n  ${help.replaceAll("\n", "\n  ")}` : message);
    this.name = "UserError";
  }
}

const progressIntervalMs = 10_000;

/**
 * Runs one step and prints its title, progress and duration. `work` gets a function that takes the latest detail; with
 * `printsItself` the step prints its own output, and no progress is printed between its lines.
 * @template T
 * @param {string} title @param {(detail: (text: string) => void) => Promise<T>} work
 * @param {{ printsItself?: boolean }} [options] @returns {Promise<T>}
 */
export async function step(title, work, { printsItself = false } = {}) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  let latest = "";
  console.log(`${paint(36, "▸")} ${title}`);
  const printProgress = () => {
    console.log(paint(2, `  … ${seconds()}${latest ? `  ${latest.slice(0, 120)}` : ""}`));
  };
  const timer = printsItself ? undefined : setInterval(printProgress, progressIntervalMs);
  try {
    const result = await work((text) => {
      latest = text.trim();
    });
    console.log(`${paint(32, "✓")} ${title} ${paint(2, seconds())}`);
    return result;
  } catch (error) {
    console.log(`${paint(31, "✗")} ${title} ${paint(2, seconds())}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Prints the message of a UserError, or the whole of any other error, and sets the exit code. */
export function fail(error) {
  console.error(
    `\n${paint(31, "Coppice:")} ${error instanceof UserError ? error.message : (error?.stack ?? error)}`,
  );
  process.exitCode = 1;
}
