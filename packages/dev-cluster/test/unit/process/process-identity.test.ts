import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import {
  identifyProcess,
  isAlive,
  parseStat,
  processArguments,
  signalProcess,
} from "../../../src/process/processes.ts";

const statOf = (state: string, threads: number) => {
  const before = Array.from({ length: 16 }, (_, index) => String(index + 4));
  return `4711 (a) b) (c) ${[state, ...before, String(threads), "0", "998877", "1", "2"].join(" ")}`;
};

test("reads the start time behind a name with blanks and parentheses", () => {
  expect(parseStat(statOf("S", 1))).toEqual({ ended: false, startedAt: "998877" });
  expect(parseStat("4711 (x) S 1 2")).toBeUndefined();
});

test("takes a process for ended only when its last thread has ended", () => {
  expect(parseStat(statOf("Z", 1))?.ended).toBe(true);
  expect(parseStat(statOf("Z", 7))?.ended).toBe(false);
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
