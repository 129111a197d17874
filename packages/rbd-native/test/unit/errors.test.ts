import { codeOf, RbdError, rbdErrorCodes } from "rbd-native";
import { expect, test } from "vitest";

test("each errno has one code of the closed set", () => {
  for (let errno = 1; errno < 140; errno++) expect(rbdErrorCodes).toContain(codeOf(errno));
  expect([2, 17, 16, 1, 13, 30, 22, 95, 110, 28, 122, 39, 34, 125, 108, 5].map(codeOf)).toEqual([
    "NOT_FOUND",
    "EXISTS",
    "BUSY",
    "PERMISSION_DENIED",
    "PERMISSION_DENIED",
    "READ_ONLY",
    "INVALID_ARGUMENT",
    "UNSUPPORTED",
    "TIMED_OUT",
    "NO_SPACE",
    "QUOTA_EXCEEDED",
    "NOT_EMPTY",
    "OUT_OF_RANGE",
    "CANCELED",
    "BLOCKLISTED",
    "IO",
  ]);
  expect(codeOf(9999)).toBe("UNKNOWN");
});

test("a message names the call, the object, the failure and what to do", () => {
  const error = new RbdError({
    code: "BUSY",
    errno: 16,
    call: "rbd_snap_unprotect",
    object: "rbd/vm-1@monday",
  });
  expect(error.message).toBe(
    "rbd_snap_unprotect on rbd/vm-1@monday: in use (BUSY, EBUSY). The snapshot has clones: flatten or remove them first",
  );
  expect(error).toMatchObject({ name: "RbdError", code: "BUSY", errno: 16, object: "rbd/vm-1@monday" });
  const cause = new Error("why");
  expect(new RbdError({ code: "UNKNOWN", errno: 9999, call: "rbd_open", cause }).cause).toBe(cause);
});

test("a message says what a code means for the call", () => {
  const unprotect = {
    code: "INVALID_ARGUMENT",
    errno: 22,
    call: "rbd_snap_unprotect",
    object: "rbd/vm-1@a",
  } as const;
  expect(new RbdError(unprotect).message).toContain(
    "the snapshot is not protected (INVALID_ARGUMENT, EINVAL)",
  );
  const other = new RbdError({ ...unprotect, call: "rbd_resize2" });
  expect(other.message).toContain("not accepted by the cluster");
});
