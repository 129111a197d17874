import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/** At which change to the file system something happens, counted from 1. */
export interface FileFault {
  readonly nth: number;
  /**
   * - `dies`: this change and every later one fails, as if the process had ended there.
   * - an errno's name, such as `ENOSPC`: only this change fails, with that error.
   */
  readonly how: "dies" | "ENOSPC" | "EIO";
}

export interface FileFaultResult {
  /** Whether there were that many changes. */
  readonly happened: boolean;
  /** What the action threw. */
  readonly error: unknown;
}

type Call = (...args: unknown[]) => Promise<unknown>;

/** Runs an action with a fault at one of its changes to the file system. Nothing else may change files meanwhile. */
export async function withFileFault(
  fault: FileFault,
  action: () => Promise<unknown>,
): Promise<FileFaultResult> {
  let changes = 0;
  let happened = false;
  const check = () => {
    changes++;
    if (changes < fault.nth || (changes > fault.nth && fault.how !== "dies")) return;
    happened = true;
    const code = fault.how === "dies" ? "EIO" : fault.how;
    throw Object.assign(new Error(`${code}: made by the test`), { code, syscall: "write" });
  };
  const probe = await fs.open("/dev/null", "r");
  const handles = Object.getPrototypeOf(probe) as object;
  await probe.close();
  const restore: (() => void)[] = [];
  const replace = (object: object, name: string, isChange: (args: unknown[]) => boolean) => {
    const original = Reflect.get(object, name) as Call;
    Reflect.set(object, name, async function (this: unknown, ...args: unknown[]) {
      if (isChange(args)) check();
      return await Reflect.apply(original, this, args);
    });
    restore.push(() => Reflect.set(object, name, original));
  };
  for (const name of ["rename", "rm", "rmdir", "mkdir"]) replace(fs, name, () => true);
  replace(fs, "open", ([, flags]) => flags === "wx" || flags === "a");
  for (const name of ["write", "sync", "truncate"]) replace(handles, name, () => true);
  syncBuiltinESMExports();
  try {
    await action();
    return { happened, error: undefined };
  } catch (error) {
    return { happened, error };
  } finally {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  }
}
