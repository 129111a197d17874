import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A python3-rbd that is connected and waits for calls: what a script that has already started would take. */
export interface Python extends AsyncDisposable {
  /**
   * Calls a function of the script with arguments.
   *
   * @returns the milliseconds that it took, and what it returned
   */
  call(name: string, ...args: unknown[]): Promise<{ readonly took: number; readonly result: unknown }>;
}

/** Serves calls until standard input ends. `cluster` is connected, `rbd` and `rados` are imported. */
const frame = `
import json, os, rados, rbd, sys, time
from concurrent.futures import ThreadPoolExecutor

def serve():
  for line in sys.stdin:
    name, args = json.loads(line)
    start = time.monotonic()
    result = globals()[name](*args)
    print(json.dumps([(time.monotonic() - start) * 1000, result]), flush=True)

cluster = rados.Rados(conffile=os.environ["CEPH_CONF"])
cluster.connect()
`;

/**
 * Starts python3-rbd with functions to call.
 *
 * @param functions Python source at the top level.
 */
export function startPython(conf: string, functions: string): Python {
  const child = spawn("/usr/bin/python3", ["-c", `${frame}\n${functions}\nserve()`], {
    env: { ...process.env, CEPH_CONF: conf },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(name, ...args) {
      child.stdin.write(`${JSON.stringify([name, args])}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`python3-rbd ended in ${name}, exit code ${child.exitCode}`);
      const [took, result] = JSON.parse(value as string) as [number, unknown];
      return { took, result };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
