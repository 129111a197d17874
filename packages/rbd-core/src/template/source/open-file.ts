import { type FileHandle, open } from "node:fs/promises";
import { CoppiceError } from "../../errors/coppice-error.ts";
import type { CoppiceErrorCode } from "../../errors/error-code.ts";
import type { OpenedSource } from "./template-source.ts";

const pieceSize = 1 << 20;

const codes: Readonly<Record<string, CoppiceErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
};

/** Opens a file or block device to be read from its start. @throws {CoppiceError} */
export async function openFile(path: string): Promise<OpenedSource> {
  const handle = await openHandle(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile() && !stat.isBlockDevice()) {
      throw new CoppiceError({
        code: "INVALID_ARGUMENT",
        call: "importTemplate",
        object: path,
        message: `${path} is neither a file nor a block device`,
      });
    }
    return {
      bytes: read(handle),
      // A block device has the size 0 here; reading finds its end.
      size: stat.isFile() ? stat.size : null,
      name: path,
      file: stat.isFile() ? path : null,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new CoppiceError({
      code: codes[code] ?? "IO",
      call: "importTemplate",
      object: path,
      message: `${path} could not be opened: ${message}`,
      cause,
    });
  }
}

/** Each piece is in the memory of the one before. */
async function* read(handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = Buffer.allocUnsafeSlow(pieceSize);
  for (;;) {
    const { bytesRead } = await handle.read(memory, 0, pieceSize);
    if (bytesRead === 0) return;
    yield memory.subarray(0, bytesRead);
  }
}
