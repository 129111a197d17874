import { jsonReplacer, type Measure, type TransferProgress } from "rbd-core";
import stringWidth from "string-width";

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** Bytes for people: `1.5 GiB`. */
export function showBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** Bytes that were measured: `~` stands before an estimate, `?` for what is not known. */
export function showMeasure(measure: Measure | null): string {
  if (measure === null) return "?";
  return `${measure.accuracy === "estimated" ? "~" : ""}${showBytes(measure.bytes)}`;
}

/** A time in the local zone, to the second: `2026-03-01 14:05:09`. */
export function showTime(time: Date | string | null): string {
  if (time === null) return "-";
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** A column of a table. */
export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Numbers line up at their end. */
  align?: "right";
}

/** Rows as text in columns, without spaces at the ends of lines. Control characters in names are shown, not sent. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => visible(value(row)))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => stringWidth(line[at] ?? ""))));
  return cells
    .map((line) =>
      line
        .map((text, at) => {
          const space = " ".repeat((widths[at] ?? 0) - stringWidth(text));
          return columns[at]?.align === "right" ? space + text : text + space;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Text with its control and direction characters as `\\u001b`: names on a cluster may hold anything. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How a command says what it did: for people, or as JSON for scripts. */
export class Output {
  readonly #asJson: boolean;

  constructor(asJson: boolean) {
    this.#asJson = asJson;
  }

  /** Prints the result: `value` as JSON, or `text`. */
  result(value: unknown, text: string): void {
    process.stdout.write(`${this.#asJson ? JSON.stringify(value, jsonReplacer) : text}\n`);
  }

  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): void {
    this.result(rows, rows.length === 0 ? whenEmpty : formatTable(columns, rows));
  }

  /** Something beside the result, for people only. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

/** How often a line of progress is drawn. */
const drawEveryMs = 100;

/**
 * One line at the bottom of a terminal, drawn over and over. Where standard error is no terminal nothing is drawn: a log has
 * no use for it.
 */
export class ProgressLine implements Disposable {
  readonly #stream = process.stderr;
  #drawnAt = 0;
  #isDrawn = false;

  /** Shows a phase, and how far it is. */
  show(phase: string, done: number, total: number, detail = ""): void {
    const now = performance.now();
    if (!this.#stream.isTTY || now - this.#drawnAt < drawEveryMs) return;
    this.#drawnAt = now;
    const part = total > 0 ? ` ${bar(done / total)} ${Math.floor((100 * done) / total)} %` : "";
    const text = `${phase}${part}${detail === "" ? "" : `  ${detail}`}`.slice(0, this.#stream.columns - 1);
    this.#stream.write(`\r\u001b[2K${text}`);
    this.#isDrawn = true;
  }

  transfer = ({ phase, done, total, bytesWritten, rate }: TransferProgress): void =>
    this.show(phase, done, total, `${showBytes(bytesWritten)} written, ${showBytes(rate)}/s`);

  [Symbol.dispose](): void {
    if (this.#isDrawn) this.#stream.write("\r\u001b[2K");
  }
}

const barWidth = 24;

function bar(part: number): string {
  const full = Math.min(barWidth, Math.round(part * barWidth));
  return `[${"=".repeat(full)}${" ".repeat(barWidth - full)}]`;
}
