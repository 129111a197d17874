import { RbdError, rbdErrorCodes } from "rbd-native";
import { describe, expect, it } from "vitest";
import { CoppiceError, errorCodes } from "../../../src/errors/coppice-error.ts";
import { hasCode, toCoppiceError, withCoppiceErrors } from "../../../src/errors/with-coppice-errors.ts";
import { UndoLog } from "../../../src/operation/undo-log.ts";

const missing = new RbdError({ code: "NOT_FOUND", errno: 2, call: "rbd_open", object: "rbd/vm-1" });

describe("toCoppiceError", () => {
  it("says what, why and what to do, and keeps code, errno, call and cause", () => {
    const error = toCoppiceError(missing, { object: "rbd/vm-1", what: "rbd/vm-1 could not be opened" });
    expect(error).toBeInstanceOf(CoppiceError);
    expect(error).toMatchObject({
      code: "NOT_FOUND",
      errno: 2,
      call: "rbd_open",
      object: "rbd/vm-1",
      cause: missing,
      message:
        "rbd/vm-1 could not be opened: it does not exist. Check the name; it may have been renamed, moved to the trash or deleted.",
    });
  });

  it("knows every code of the binding", () => {
    for (const code of rbdErrorCodes) {
      expect(errorCodes).toContain(code);
      expect(toCoppiceError(new RbdError({ code, errno: 1, call: "rbd_x" }))).toMatchObject({ code });
    }
  });

  it("leaves alone what is not the binding's", () => {
    for (const error of [
      new TypeError("a mistake"),
      "aborted",
      new CoppiceError({ code: "IO", message: "x" }),
    ]) {
      expect(toCoppiceError(error)).toBe(error);
    }
  });

  it("takes the first failure when closing failed after it", async () => {
    const failing = withCoppiceErrors({ what: "reading failed" }, async () => {
      await using _ = {
        async [Symbol.asyncDispose]() {
          throw new RbdError({ code: "IO", errno: 5, call: "rbd_close" });
        },
      };
      throw missing;
    });
    await expect(failing).rejects.toMatchObject({ code: "NOT_FOUND", call: "rbd_open" });
  });

  it("is looked through by hasCode on either side", () => {
    expect(hasCode(missing, "NOT_FOUND")).toBe(true);
    expect(hasCode(toCoppiceError(missing), "NOT_FOUND")).toBe(true);
    expect(hasCode(new Error("NOT_FOUND"), "NOT_FOUND")).toBe(false);
  });
});

describe("UndoLog", () => {
  it("takes back the newest first, then throws the cause", async () => {
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
