import { RbdError, rbdErrorCodes } from "rbd-native";
import { describe, expect, it } from "vitest";
import { CoppiceError, errorCodes } from "../../../src/errors/coppice-error.ts";
import { hasCode, toCoppiceError, withCoppiceErrors } from "../../../src/errors/with-coppice-errors.ts";

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

  it("names the setting or the configuration file that a connection failed on", () => {
    const detail = 'Ceph has no setting named "rbd_cahce"';
    const failed = new RbdError({ code: "NOT_FOUND", errno: 2, call: "rados_conf_set", detail });
    const context = { what: "the cluster could not be reached as client.admin", hint: "Check the file." };
    expect(toCoppiceError(failed, context)).toMatchObject({
      message: `the cluster could not be reached as client.admin: ${detail}. Check the spelling: \`ceph config ls\` lists the names of all settings.`,
    });
  });

  it("says what the binding knows about the call instead of a general sentence", () => {
    const failed = new RbdError({ code: "BUSY", errno: 16, call: "rbd_snap_protect" });
    expect(toCoppiceError(failed, { what: "rbd/vm-1@a could not be protected" })).toMatchObject({
      message:
        "rbd/vm-1@a could not be protected: the snapshot is already protected. Nothing has to be done.",
    });
  });

  it("does not take every image that cannot be written to for a snapshot or a mirror", () => {
    const failed = new RbdError({ code: "READ_ONLY", errno: 30, call: "rbd_aio_write2" });
    expect(toCoppiceError(failed)).toMatchObject({
      message: expect.stringMatching(/or another client holds its exclusive lock/),
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
