import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { migrations, openDatabase } from "../../src/db/database.ts";
import { commandError, userCommand } from "../../src/user-command.ts";

/** A data directory, and the command line on it. `typed` goes to standard input. */
async function commandLine() {
  const dataDir = await mkdtemp(join(tmpdir(), "coppice-user-"));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const run = async (command: string, typed = "") => {
    const lines: string[] = [];
    const io = { stdin: Readable.from([typed]), print: (line: string) => void lines.push(line) };
    await userCommand(command.split(" "), { COPPICE_DATA: dataDir, COPPICE_PORT: "4400" }, io).catch(
      (error) => Promise.reject(commandError(error)),
    );
    return lines.join("\n");
  };
  return { dataDir, run, file: join(dataDir, "coppice.sqlite") };
}

test("without a server's data it says what to do", async () => {
  const { run } = await commandLine();
  await expect(run("list")).rejects.toThrow("name its directory in COPPICE_DATA");
});

test("users are added, listed, given roles, reset and removed; the last administrator stays", async () => {
  const { run, file } = await commandLine();
  const database = await openDatabase(file, migrations("ceph"));
  onTestFinished(() => database.destroy());
  expect(await run("add Ada --role operator", "")).toMatch(
    /http:\/\/localhost:4400\/api\/auth\/magic-link\/verify\?token=\w+/,
  );
  expect(await run("list")).toBe("ada\toperator\tno password yet\tada\nadmin\tadmin\tactive\tAdministrator");
  await expect(run("role admin viewer")).rejects.toThrow("Give another user the role admin first.");
  await expect(run("role ada root")).rejects.toThrow("There are: viewer, operator, admin.");
  await expect(run("disable nobody")).rejects.toThrow("There is no user nobody.");
  await expect(run("reset ada --password-stdin", "short\n")).rejects.toThrow("at least 12 characters");
  await expect(run("add")).rejects.toThrow("Usage:");
  await expect(run("list --all")).rejects.toThrow("Unknown option '--all'");

  await run("reset ada --password-stdin", "a long enough one\n");
  expect(await run("list")).toContain("ada\toperator\tactive");
  await run("role ada admin");
  await run("disable admin");
  expect(await run("list")).toContain("admin\tadmin\tdisabled");
  await expect(run("remove ada")).rejects.toThrow("nobody who manages this server");
  await run("enable admin");
  await run("remove ada");
  expect(await run("list")).toBe("admin\tadmin\tactive\tAdministrator");
  const entries = await database.selectFrom("audit").select(["action", "object", "message"]).execute();
  expect(entries.map(({ action, object }) => `${action} ${object}`)).toContain("users.resetPassword ada");
  expect(JSON.stringify(entries)).not.toContain("a long enough one");
});
