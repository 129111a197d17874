import { spawn } from "node:child_process";
import { expect } from "vitest";
import type { ImportChainOptions } from "../../src/backup/index.ts";
import type { CloneOptions } from "../../src/clone/index.ts";
import type { ConsistentSnapshotsOptions } from "../../src/snapshot-set/index.ts";
import type { CaptureOptions } from "../../src/template/index.ts";
import type { CreateVolumeOptions } from "../../src/volume/index.ts";
import { childProgram } from "./child-program.ts";
import type { DriveMirror } from "./drive-mirror.ts";

/** At which of its calls of the binding a process ends itself, or in which state it leaves an image that librbd makes. */
export type Kill =
  /** Of its calls that change something, counted from 1. `late`: right after the call took effect. */
  | { readonly nth: number; readonly late: boolean }
  /** Dies in the middle of librbd's clone: see `kill-child.ts`. */
  | { readonly inClone: "name-only" | "id-only" | "no-parent" | "no-child-entry" | "no-snapshot" | "whole" }
  /** Is killed from outside after so many milliseconds, unless it was quicker. */
  | { readonly afterMs: number };

/** What the process does. */
export type Flow =
  | { readonly call: "cloneImage"; readonly options: CloneOptions }
  | { readonly call: "createVolume"; readonly options: CreateVolumeOptions }
  | { readonly call: "captureImage"; readonly options: CaptureOptions }
  | { readonly call: "createConsistentSnapshots"; readonly options: ConsistentSnapshotsOptions }
  | { readonly call: "importCinderChain"; readonly options: ImportChainOptions }
  | { readonly call: "mirror"; readonly options: DriveMirror };

export interface KillRequest {
  readonly conf: string;
  readonly kill: Kill;
  readonly flow: Flow;
}

/** Runs a flow in a process of its own that is killed on its way. @returns Whether it was killed, and at which call. */
export async function runAndKill(request: KillRequest): Promise<{ killed: boolean; at: string }> {
  const program = childProgram("kill-child.ts");
  const child = spawn(process.execPath, [program, JSON.stringify(request)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [at, problem] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    at += chunk.toString();
    if ("afterMs" in request.kill && at.includes("begin")) {
      setTimeout(() => child.kill("SIGKILL"), request.kill.afterMs);
    }
  });
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (...ended) => resolve(ended));
  });
  expect(signal === "SIGKILL" || code === 0, `the process failed: ${problem}`).toBe(true);
  return { killed: signal === "SIGKILL", at: at.trim().split("\n").at(-1) ?? "" };
}
