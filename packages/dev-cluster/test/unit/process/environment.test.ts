import { expect, test } from "vitest";
import { cephEnvironment } from "../../../src/process/run-tool.ts";

test("removes variables that point to another cluster or are meant for the caller", () => {
  const ceph = { CEPH_CONF: "/etc/x", CEPH_ARGS: "--foo", CEPH_KEYRING: "/k" };
  const env = { PATH: "/bin", ...ceph, HOME: "/h", LD_PRELOAD: "libasan.so" };
  expect(cephEnvironment(env)).toEqual({ PATH: "/bin", HOME: "/h", LC_ALL: "C.UTF-8" });
});
