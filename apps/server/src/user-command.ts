import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { ZodError } from "zod";
import { openAuth } from "./access/accounts.ts";
import { AuditLog } from "./access/audit.ts";
import type { SignInPath } from "./access/sign-in-links.ts";
import { newUser, Users } from "./access/users.ts";
import { parseRole } from "./api/trpc.ts";
import { systemClock } from "./base/clock.ts";
import { type Config, readConfig } from "./base/config.ts";
import { toUserError } from "./base/errors.ts";
import { migrations, openDatabase } from "./db/database.ts";
import { createHttpServer } from "./http/http-server.ts";
import { EXIT, ExitError } from "./listen.ts";

const USAGE = `Usage: user COMMAND, on the data directory that COPPICE_DATA names, while the server runs or not

  list                                    everybody, with role and state
  add NAME --role ROLE [--name "FULL NAME"] [--password-stdin]
  role NAME ROLE                          viewer, operator or admin
  reset NAME [--password-stdin]           for somebody who cannot sign in
  disable NAME, enable NAME
  sign-out NAME                           ends all sessions
  remove NAME

Without --password-stdin, add and reset print a link that opens the account once, within 72 hours.`;

interface CommandIo {
  stdin: NodeJS.ReadableStream;
  print(line: string): void;
}

/**
 * Manages users on the data directory itself, for whoever can read it: also when nobody can sign in. A running server
 * follows within seconds. @throws {ExitError} for a command that cannot be carried out
 */
export async function userCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  io: CommandIo = { stdin: process.stdin, print: console.log },
): Promise<void> {
  const { positionals, values } = parsed(args);
  const [command, name = "", role = ""] = positionals;
  const expected = new Map([
    ["list", 1],
    ["role", 3],
  ]);
  if (command === undefined || values.help) return io.print(USAGE);
  if (positionals.length !== (expected.get(command) ?? 2)) throw new ExitError(USAGE, EXIT.setting);

  const config = readConfig(env);
  await using opened = await openUsers(config);
  const { users, audit } = opened;
  const password = async () => (values["password-stdin"] ? (await text(io.stdin)).trim() : null);
  const done = async (action: string) =>
    audit.write({
      user: { id: "command-line", username: `${userInfo().username} (command line)` },
      action: `users.${action}`,
      cluster: null,
      object: name.toLowerCase(),
      outcome: "ok",
      message: null,
      address: "localhost",
    });
  const find = async () => (await users.byName(name)).id;

  switch (command) {
    case "list":
      for (const user of await users.list()) {
        const state = user.disabledAt !== null ? "disabled" : user.hasPassword ? "active" : "no password yet";
        io.print([user.username, user.role ?? "no role", state, user.name].join("\t"));
      }
      return;
    case "add": {
      const input = newUser.parse({
        username: name,
        name: values.name ?? "",
        role: values.role,
        password: await password(),
      });
      const { link } = await users.create(input);
      await done("create");
      io.print(`Created ${input.username} with the role ${input.role}.`);
      return printLink(io, config, link);
    }
    case "role": {
      const wanted = parseRole(role);
      if (wanted === null)
        throw new ExitError(`${role} is not a role. There are: viewer, operator, admin.`, EXIT.setting);
      await users.setRole(await find(), wanted);
      await done("setRole");
      return io.print(`${name} has the role ${wanted}.`);
    }
    case "reset": {
      const id = await find();
      const typed = await password();
      const link = typed === null ? await users.resetPassword(id) : null;
      if (typed !== null) await users.setPassword(id, newUser.shape.password.parse(typed) ?? "");
      await done("resetPassword");
      io.print(`${name} is signed out everywhere, and the old password is no longer valid.`);
      return printLink(io, config, link);
    }
    case "disable":
    case "enable":
      await users.setDisabled(await find(), command === "disable");
      await done("setDisabled");
      return io.print(`${name} is ${command}d.`);
    case "sign-out":
      await users.endSessions(await find(), null);
      await done("endSessions");
      return io.print(`${name} is signed out everywhere.`);
    case "remove":
      await users.remove(await find());
      await done("remove");
      return io.print(`Removed ${name}.`);
    default:
      throw new ExitError(USAGE, EXIT.setting);
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        role: { type: "string" },
        name: { type: "string" },
        "password-stdin": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new ExitError(`${cause instanceof Error ? cause.message : cause}\n\n${USAGE}`, EXIT.setting, {
      cause,
    });
  }
}

/** The accounts in the data directory. A server that runs on it is not disturbed. @throws {ExitError} */
async function openUsers({ dataDir, clusters, publicUrl, port }: Config) {
  const file = join(dataDir, "coppice.sqlite");
  if (!existsSync(file)) {
    throw new ExitError(
      `There is no server's data in ${dataDir}. Start the server once, or name its directory in COPPICE_DATA.`,
      EXIT.setting,
    );
  }
  const database = await openDatabase(file, migrations(clusters[0].id));
  const audit = new AuditLog(database, systemClock);
  const { log } = createHttpServer({ logLevel: "silent", trustProxy: [] });
  const baseUrl = publicUrl ?? `http://localhost:${port}`;
  const { auth } = await openAuth({ dataDir, database, audit, baseUrl, log });
  const users = new Users({ auth, database, clock: systemClock, onChanged: () => {} });
  return { users, audit, [Symbol.asyncDispose]: () => database.destroy() };
}

function printLink(io: CommandIo, { publicUrl, port }: Config, link: SignInPath | null): void {
  if (link === null) return;
  io.print(`Opens the account once, until ${link.expiresAt}:`);
  io.print(`  ${new URL(link.path, publicUrl ?? `http://localhost:${port}`)}`);
}

/** The error of a command for the terminal: what went wrong and what to do, without a stack trace where that is known. */
export function commandError(error: unknown): unknown {
  if (error instanceof ExitError) return error;
  const { code, message, hint } = toUserError(error);
  if (code === "INTERNAL" && !(error instanceof ZodError)) return error;
  return new ExitError([message, hint].filter(Boolean).join(" "), EXIT.setting, { cause: error });
}
