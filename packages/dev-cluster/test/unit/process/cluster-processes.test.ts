import { expect, test } from "vitest";
import { findClusterProcesses, recogniseDaemon } from "../../../src/process/cluster-processes.ts";

const conf = "/srv/ceph/ceph.conf";

test("recognises a daemon that serves", () => {
  const args = ["/usr/bin/ceph-osd", "--foreground", "--conf", conf, "--id", "12", "--fsid", "f-1"];
  expect(recogniseDaemon(args, conf)).toEqual({ daemon: "osd.12", fsid: "f-1", role: "serving" });
});

test("tells the preparing of a store from the daemon itself", () => {
  const args = ["ceph-osd", "--conf", conf, "--id", "0", "--fsid", "f-1", "--mkfs", "--no-mon-config"];
  expect(recogniseDaemon(args, conf)).toMatchObject({ daemon: "osd.0", role: "preparing" });
  expect(recogniseDaemon(["ceph-mon", "--conf", conf, "--id", "a", "--mkfs"], conf)).toEqual({
    daemon: "mon.a",
    fsid: undefined,
    role: "preparing",
  });
});

test.each([
  ["another cluster's daemon", ["ceph-mon", "--foreground", "--conf", "/srv/ceph2/ceph.conf", "--id", "a"]],
  ["a client of this cluster", ["rbd", "--conf", conf, "ls"]],
  ["an editor on its conf", ["vi", conf]],
  ["a program that only mentions it", ["sh", "-c", `ceph-mon --conf ${conf} --id a`]],
  ["a daemon started by other means", ["ceph-mon", "-f", "-c", conf, "-i", "a"]],
  ["nothing", []],
])("leaves alone: %s", (_, args) => {
  expect(recogniseDaemon(args, conf)).toBeUndefined();
});

test("finds nothing for a cluster that is not there", async () => {
  expect(await findClusterProcesses("/nowhere/ceph.conf")).toEqual([]);
});
