import { readFileSync } from "node:fs";
import createCompletion from "@bomb.sh/tab/commander";
import { Command, CommanderError } from "commander";
import { CoppiceError, jsonReplacer } from "rbd-core";
import { backupCommands } from "./backups.ts";
import { deletionCommands } from "./deletion.ts";
import { exitCodes } from "./exit-codes.ts";
import { imageCommands } from "./images.ts";
import { upkeepCommands } from "./upkeep.ts";

const help = `
Images are named pool/[namespace/]image, snapshots pool/[namespace/]image@snapshot.
Targets of backups are pool:NAME[/NAMESPACE], or the path of a directory.

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 not found, 4 a problem was found
(a damaged backup, a blocked removal), 130 canceled.`;

/**
 * Runs one command line. Results go to standard output, as tables or with `--json` as one JSON document; progress and errors
 * go to standard error.
 *
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return report(error, program.opts<{ json?: boolean }>().json === true);
  }
}

function createProgram(): Command {
  const program = new Command("coppice")
    .description("Clone, back up and see Ceph RBD images.")
    .version(version())
    .option("--conf <file>", "the ceph.conf (default: CEPH_CONF, then /etc/ceph/ceph.conf)")
    .option("--user <name>", "the Ceph user, without client.", process.env.CEPH_USER ?? "admin")
    .option("--json", "print one JSON document instead of a table")
    .showHelpAfterError("Run with --help to see what is there.")
    .addHelpText("after", help)
    .exitOverride();
  imageCommands(program);
  deletionCommands(program);
  backupCommands(program);
  upkeepCommands(program);
  createCompletion(program);
  // A command does not take over what its parent is set to.
  for (const command of program.commands) command.exitOverride().showHelpAfterError();
  return program;
}

function report(error: unknown, asJson: boolean): number {
  const { code, message, hint, object } = describe(error);
  if (asJson)
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint, object } }, jsonReplacer)}\n`);
  else process.stderr.write(`coppice: ${message}\n`);
  if (code === "CANCELED") return exitCodes.canceled;
  if (code === "NOT_FOUND") return exitCodes.notFound;
  if (code === "INVALID_ARGUMENT" || code === "INVALID_NAME") return exitCodes.usage;
  return code === "VERIFICATION_FAILED" ? exitCodes.problem : exitCodes.failed;
}

function describe(error: unknown): { code: string; message: string; hint?: string; object?: string } {
  if (error instanceof CoppiceError) {
    const { code, message, hint, object } = error;
    return {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(object === undefined ? {} : { object }),
    };
  }
  if (!(error instanceof Error)) return { code: "UNEXPECTED", message: String(error) };
  if (error.name === "AbortError") return { code: "CANCELED", message: error.message };
  return { code: "code" in error ? String(error.code) : "UNEXPECTED", message: error.message };
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String((manifest as { version: unknown }).version);
}
