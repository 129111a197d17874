import { spawn } from "node:child_process";
import { CoppiceError } from "../errors/index.ts";

/** What `qemu-img info --output=json` says, as far as it matters. */
interface DiskInfo {
  "virtual-size": number;
  "backing-filename"?: string;
  encrypted?: boolean;
  "format-specific"?: { data?: { "data-file"?: string } };
}

/**
 * Converts a qcow2 file to a raw one with `qemu-img`, which must be installed.
 *
 * @throws {CoppiceError} `UNSUPPORTED` without `qemu-img`, or for a disk that is encrypted or needs another file;
 * `INVALID_ARGUMENT` for a file that is damaged; the signal's reason
 */
export async function convertToRaw(
  file: string,
  output: string,
  options: { program: string; signal?: AbortSignal | undefined; onProgress(percent: number): void },
): Promise<void> {
  await checkStandsAlone(file, options);
  const args = ["convert", "-p", "-f", "qcow2", "-O", "raw", `file:${file}`, output];
  await run(options.program, args, options.signal, (text) => {
    const percent = /\(([\d.]+)\/100%\)/.exec(text)?.[1];
    if (percent !== undefined) options.onProgress(Number(percent));
  });
}

/** A disk that names another file would be read together with it: a file of this machine that nobody meant to give. */
async function checkStandsAlone(
  file: string,
  { program, signal }: { program: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const text = await run(program, ["info", "--output=json", "-f", "qcow2", `file:${file}`], signal);
  const info = JSON.parse(text) as DiskInfo;
  const other = info["backing-filename"] ?? info["format-specific"]?.data?.["data-file"];
  if (other !== undefined)
    throw refusal("UNSUPPORTED", `the qcow2 disk needs another file, ${JSON.stringify(other)}`);
  if (info.encrypted) throw refusal("UNSUPPORTED", "the qcow2 disk is encrypted");
}

async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  onOutput?: (text: string) => void,
): Promise<string> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...(signal ? { signal } : {}) });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (onOutput) onOutput(text);
    else output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on("error", reject).on("close", resolve);
  try {
    const status = await promise;
    if (status === 0) return output;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "importTemplate",
      object: program,
      message: `a qcow2 disk needs the program ${program}, which could not be started`,
      hint: "Install it (package qemu-utils), or convert the disk to raw before.",
      cause,
    });
  }
  signal?.throwIfAborted();
  throw refusal("INVALID_ARGUMENT", `qemu-img refused the disk: ${complaint.trim()}`);
}

function refusal(code: "UNSUPPORTED" | "INVALID_ARGUMENT", message: string): CoppiceError {
  return new CoppiceError({
    code,
    call: "importTemplate",
    message,
    hint: "Convert the disk to raw on the machine it comes from.",
  });
}
