import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { findClusterProcesses, recogniseDaemon } from "../../../src/process/processes.ts";
import { toolMark } from "../../../src/process/run-tool.ts";

const conf = "/srv/ceph/ceph.conf";

test("recognises a daemon that serves", () => {
  const args = ["/usr/bin/ceph-osd", "--foreground", "--conf", conf, "--id", "12", "--fsid", "f-1"];
  expect(recogniseDaemon(args, conf)).toEqual({ role: "daemon", name: "osd.12", fsid: "f-1" });
});

test.each([
  ["the making of a store", ["ceph-osd", "--conf", conf, "--id", "0", "--fsid", "f-1", "--mkfs"]],
  ["another cluster's daemon", ["ceph-mon", "--foreground", "--conf", "/srv/ceph2/ceph.conf", "--id", "a"]],
  ["a client of this cluster", ["rbd", "--conf", conf, "ls"]],
  ["an editor on its conf", ["vi", conf]],
  ["a program that only mentions it", ["sh", "-c", `ceph-mon --conf ${conf} --id a`]],
  ["a daemon started by other means", ["ceph-mon", "-f", "-c", conf, "-i", "a"]],
  ["nothing", []],
])("leaves alone: %s", (_, args) => {
  expect(recogniseDaemon(args, conf)).toBeUndefined();
});

test("finds a tool that a start left running by its mark, and no similar process", async () => {
  const spawnTool = (mark: string) =>
    spawn(process.execPath, ["-e", "process.stdin.resume()"], {
      env: { [toolMark]: mark },
      stdio: ["pipe", "ignore", "ignore"],
    });
  const own = `/nowhere/${process.pid}/ceph.conf`;
  const tools = [spawnTool(own), spawnTool(`${own}x`)];
  await Promise.all(tools.map((tool) => once(tool, "spawn")));
  try {
    expect(await findClusterProcesses(own)).toMatchObject([
      { role: "tool", name: "node", pid: tools[0]?.pid },
    ]);
  } finally {
    for (const tool of tools) tool.kill();
  }
});

test("finds nothing for a cluster that is not there", async () => {
  expect(await findClusterProcesses("/nowhere/ceph.conf")).toEqual([]);
});
