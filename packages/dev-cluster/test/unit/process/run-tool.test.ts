import { expect, test } from "vitest";
import { runTool } from "../../../src/process/run-tool.ts";

const node = (script: string) => ({ call: "node -e", command: process.execPath, args: ["-e", script] });

test("returns what the tool prints and hands it its input", async () => {
  const echo = "process.stdin.pipe(process.stdout)";
  expect(await runTool({ ...node(echo), input: "leaf\n" })).toBe("leaf\n");
});

test("says how it failed, with the last lines that it printed", async () => {
  const script = "for (let i = 0; i < 20; i++) console.error('line ' + i); process.exit(22)";
  await expect(runTool(node(script))).rejects.toMatchObject({
    code: "TOOL_FAILED",
    call: "node -e",
    message: expect.stringMatching(/exit code 22: line 14\n(.*\n)*line 19$/),
  });
});

test("names a program that is not there", async () => {
  await expect(runTool({ call: "ceph-oak", command: "ceph-oak", args: [] })).rejects.toMatchObject({
    code: "TOOL_FAILED",
    errno: 2,
    message: "ceph-oak could not be started.",
  });
});

test("ends a tool that hangs", async () => {
  await expect(runTool({ ...node("setInterval(() => 0, 1000)"), deadlineMs: 100 })).rejects.toMatchObject({
    code: "TIMED_OUT",
  });
});

test("ends the tool and rejects with the reason when aborted", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const running = runTool({ ...node("setInterval(() => 0, 1000)"), signal: controller.signal });
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});
