import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import {
  identifyProcess,
  isAlive,
  parseStat,
  processArguments,
  signalProcess,
} from "../../../src/process/process-identity.ts";

test("reads state and start time behind a name with blanks and parentheses", () => {
  const rest = Array.from({ length: 40 }, (_, index) => String(index + 4)).join(" ");
  expect(parseStat(`4711 (a) b) (c) S ${rest}`)).toEqual({ state: "S", startedAt: "22" });
  expect(parseStat("4711 (x) S 1 2")).toBeUndefined();
});

test("knows this process and its arguments", async () => {
  const self = await identifyProcess(process.pid);
  expect(self).toBeDefined();
  if (self !== undefined) expect(await isAlive(self)).toBe(true);
  expect((await processArguments(process.pid))?.[0]).toContain("node");
});

test("does not take a later process with the same number for the same one", async () => {
  const impostor = { pid: process.pid, startedAt: "1" };
  expect(await isAlive(impostor)).toBe(false);
  // Would end this very test run, if the identity were not looked at.
  await signalProcess(impostor, "SIGKILL");
});

test("a process that ended is not alive, and a signal to it is no error", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  const identity = await identifyProcess(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (identity === undefined) return;
  expect(await isAlive(identity)).toBe(true);
  await signalProcess(identity, "SIGKILL");
  await once(child, "exit");
  expect(await isAlive(identity)).toBe(false);
  await signalProcess(identity, "SIGTERM");
});
