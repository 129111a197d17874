import { describe, expect, it } from "vitest";
import { UndoLog } from "../../../src/operation/undo-log.ts";

describe("UndoLog", () => {
  it("undoes the newest first, then throws the cause", async () => {
    const done: string[] = [];
    const log = new UndoLog();
    log.note("one", async () => void done.push("one"));
    log.note("not ours", async () => void done.push("not ours"));
    log.forgetLast();
    log.note("two", async () => void done.push("two"));
    const cause = new Error("failed");
    await expect(log.undoAndThrow(cause, "test")).rejects.toBe(cause);
    expect(done).toEqual(["two", "one"]);
  });

  it("goes on after a step that fails, and says what is left", async () => {
    const done: string[] = [];
    const log = new UndoLog();
    log.note("the snapshot", async () => void done.push("snapshot"));
    log.note("the clone", () => Promise.reject(new Error("no answer.")));
    await expect(log.undoAndThrow(new Error("It failed."), "test")).rejects.toMatchObject({
      code: "UNDO_FAILED",
      call: "test",
      left: ["the clone (no answer)"],
      message:
        "It failed. Undoing it failed too, and this may be left: the clone (no answer). " +
        "Remove what is left by hand, in this order, once the cluster answers again.",
    });
    expect(done).toEqual(["snapshot"]);
  });
});
