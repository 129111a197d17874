import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFinal, nextState, TASK_STATES, type TaskEvent, type TaskState } from "../../src/tasks/task.ts";

const EVENTS: TaskEvent[] = ["start", "cancel", "succeed", "fail", "aborted", "lost", "completed"];

function walk(events: readonly TaskEvent[]): TaskState[] {
  const states: TaskState[] = ["queued"];
  for (const event of events) {
    const next = nextState(states.at(-1) ?? "queued", event);
    if (next !== null) states.push(next);
  }
  return states;
}

test("every state can be reached, and the last four are final", () => {
  const reached = new Set(
    [
      ["start", "cancel", "aborted"],
      ["start", "succeed"],
      ["start", "fail"],
      ["start", "lost"],
    ].flatMap((events) => walk(events as TaskEvent[])),
  );
  expect([...reached].sort()).toEqual([...TASK_STATES].sort());
  expect(TASK_STATES.filter(isFinal)).toEqual(["canceled", "succeeded", "failed", "interrupted"]);
});

test("after any sequence of events, a task that has ended keeps its state, unless it was lost and is whole after all", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
      const states = walk(events);
      const end = states.findIndex(isFinal);
      const after = end === -1 ? [] : states.slice(end + 1);
      expect(after).toEqual(states[end] === "interrupted" && after.length > 0 ? ["succeeded"] : []);
    }),
  );
});

test("a task that was asked to stop may still succeed, fail, stop, or be lost", () => {
  expect(nextState("canceling", "succeed")).toBe("succeeded");
  expect(nextState("canceling", "fail")).toBe("failed");
  expect(nextState("canceling", "aborted")).toBe("canceled");
  expect(nextState("canceling", "lost")).toBe("interrupted");
});

test("a waiting task is canceled at once and cannot be lost", () => {
  expect(nextState("queued", "cancel")).toBe("canceled");
  expect(nextState("queued", "lost")).toBeNull();
});
