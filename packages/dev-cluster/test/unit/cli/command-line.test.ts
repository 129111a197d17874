import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../../src/cli/command-line.ts";
import { describeStatus, shellWord } from "../../../src/cli/main.ts";

describe("parseCommandLine", () => {
  test("start with everything", () => {
    const line = "start --dir /d --no-mgr --osds 2 --osd-size-gib 8 --set debug_ms=1 --json".split(" ");
    expect(parseCommandLine([...line, "--set", "public addr = ::1"])).toEqual({
      json: true,
      name: "start",
      start: { dir: "/d", mgr: false, osds: 2, osdSizeGiB: 8, conf: { debug_ms: "1", "public addr": "::1" } },
    });
  });

  test("start, stop and status with a folder alone", () => {
    expect(parseCommandLine(["start", "--dir", "/d"])).toEqual({
      json: false,
      name: "start",
      start: { dir: "/d", mgr: true, conf: {} },
    });
    expect(parseCommandLine(["--dir=/d", "stop"])).toEqual({ json: false, name: "stop", dir: "/d" });
    expect(parseCommandLine(["status", "--json", "--dir", "/d"])).toEqual({
      json: true,
      name: "status",
      dir: "/d",
    });
    expect(parseCommandLine(["-h"])).toEqual({ json: false, name: "help" });
  });

  test.each([
    [[], "Give a command"],
    [["start"], "--dir DIR"],
    [["start", "--dir", ""], "--dir DIR"],
    [["restart", "--dir", "/d"], "Unknown command: restart"],
    [["start", "more", "--dir", "/d"], "Unexpected arguments: more"],
    [["start", "--dir", "/d", "--set", "debug"], "Not a setting"],
    [["start", "--dir", "/d", "--osds", "two"], "--osds"],
    [["start", "--dir", "/d", "--fast"], "--fast"],
  ])("%j is answered with a sentence", (args, sentence) => {
    const parsed = parseCommandLine(args);
    expect("problem" in parsed ? parsed.problem : "").toContain(sentence);
  });
});

test("describeStatus lists the daemons", () => {
  const daemons = [
    { name: "mon.a", pid: 12, running: true },
    { name: "osd.0", pid: null, running: false },
  ];
  expect(describeStatus("/d", { state: "degraded", daemons })).toBe(
    "/d: degraded\n  mon.a  process 12\n  osd.0  -",
  );
  expect(describeStatus("/d", { state: "absent", daemons: [] })).toBe("/d: no cluster");
});

test("shellWord quotes what a shell would split or expand", () => {
  expect(shellWord("/srv/ceph/ceph.conf")).toBe("/srv/ceph/ceph.conf");
  expect(shellWord("/srv/it's mine/c")).toBe("'/srv/it'\\''s mine/c'");
});
