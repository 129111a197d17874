// What the two commands print: one line for a step, a sign of life while it lasts, and the time it took.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

/** A failure whose message is meant for the person at the terminal: printed without a stack trace. */
export class Refusal extends Error {
  /** @param {string} message what is wrong @param {string} [help] what to do about it */
  constructor(message, help) {
    super(help ? `${message}\n  ${help.replaceAll("\n", "\n  ")}` : message);
    this.name = "Refusal";
  }
}

const signOfLifeMs = 10_000;

/**
 * Runs one step and says so. `work` gets a function that takes the latest detail worth showing; with `speaks` it prints
 * for itself, and no sign of life is put between its lines.
 * @template T
 * @param {string} title @param {(detail: (text: string) => void) => Promise<T>} work
 * @param {{ speaks?: boolean }} [options] @returns {Promise<T>}
 */
export async function step(title, work, { speaks = false } = {}) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  let latest = "";
  console.log(`${paint(36, "▸")} ${title}`);
  const signOfLife = () => {
    console.log(paint(2, `  … ${seconds()}${latest ? `  ${latest.slice(0, 120)}` : ""}`));
  };
  const timer = speaks ? undefined : setInterval(signOfLife, signOfLifeMs);
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

/** Ends the process with a sentence for a Refusal, and with the whole error for anything else. */
export function fail(error) {
  console.error(
    `\n${paint(31, "Coppice:")} ${error instanceof Refusal ? error.message : (error?.stack ?? error)}`,
  );
  process.exitCode = 1;
}
