import { expect, test } from "vitest";
import { cephEnvironment } from "../../../src/process/environment.ts";

test("keeps what would bend Ceph's programs to another cluster away from them", () => {
  const env = { PATH: "/bin", CEPH_CONF: "/etc/x", CEPH_ARGS: "--foo", CEPH_KEYRING: "/k", HOME: "/h" };
  expect(cephEnvironment(env)).toEqual({ PATH: "/bin", HOME: "/h", LC_ALL: "C.UTF-8" });
});
