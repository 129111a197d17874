import { describe, expect, it } from "vitest";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { type StepProgress, StepRunner } from "../../../src/operation/step-runner.ts";

type Phase = "one" | "two";
const phases: readonly Phase[] = ["one", "two"];

describe("StepRunner", () => {
  it("reports the start and the end of every step, once each", async () => {
    const seen: StepProgress<Phase>[] = [];
    const runner = new StepRunner(phases, { onProgress: (progress) => seen.push(progress) });
    expect(await runner.run("one", async () => 7)).toBe(7);
    await runner.run("two", async (advance) => advance(3, 9), "objects");
    expect(seen).toEqual([
      { phase: "one", step: 1, steps: 2, done: 0, total: 1, unit: "steps" },
      { phase: "one", step: 1, steps: 2, done: 1, total: 1, unit: "steps" },
      { phase: "two", step: 2, steps: 2, done: 0, total: 0, unit: "objects" },
      { phase: "two", step: 2, steps: 2, done: 3, total: 9, unit: "objects" },
      { phase: "two", step: 2, steps: 2, done: 9, total: 9, unit: "objects" },
    ]);
  });

  it("counts steps that turn out to be needed", async () => {
    const seen: number[][] = [];
    const runner = new StepRunner(phases, { onProgress: ({ step, steps }) => seen.push([step, steps]) });
    await runner.run("one", async () => {});
    runner.addSteps(1);
    await runner.run("two", async () => {});
    expect(seen).toEqual([
      [1, 2],
      [1, 2],
      [2, 3],
      [2, 3],
    ]);
  });

  it("starts no step after an abort", async () => {
    const abort = new AbortController();
    const runner = new StepRunner(phases, { signal: abort.signal });
    await runner.run("one", async () => abort.abort(new Error("stop")));
    let ran = false;
    const second = runner.run("two", async () => {
      ran = true;
    });
    await expect(second).rejects.toThrow("stop");
    expect(() => runner.finish()).toThrow("stop");
    expect(ran).toBe(false);
  });

  it("undoes what was made, newest first, and throws the cause", async () => {
    const undone: string[] = [];
    const runner = new StepRunner(phases, {});
    runner.undo.note("a", async () => void undone.push("a"));
    runner.undo.note("b", async () => void undone.push("b"));
    await expect(runner.fail(new Error("broke"), "test")).rejects.toThrow("broke");
    expect(undone).toEqual(["b", "a"]);
  });

  it("throws the signal's reason after an abort, whatever the step said", async () => {
    const runner = new StepRunner(phases, { signal: AbortSignal.abort(new Error("enough")) });
    const canceled = new CoppiceError({ code: "CANCELED", message: "canceled" });
    await expect(runner.fail(canceled, "test")).rejects.toThrow("enough");
  });

  it("undoes everything even when the listener throws", async () => {
    const undone: string[] = [];
    const runner = new StepRunner(phases, {
      onProgress: () => {
        throw new Error("listener");
      },
    });
    runner.undo.note("a", async () => void undone.push("a"));
    await expect(runner.fail(new Error("broke"), "test")).rejects.toMatchObject({
      errors: [{ message: "broke" }, { message: "listener" }],
    });
    expect(undone).toEqual(["a"]);
  });
});
