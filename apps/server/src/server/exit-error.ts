/** A start that failed for a reason the person at the terminal can mend. The message is all they need. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Exit codes of a start that failed. */
export const EXIT = { setting: 2, portTaken: 3, dataDirInUse: 4 } as const;
