import { CoppiceError } from "../../errors/coppice-error.ts";
import { openFile } from "./open-file.ts";
import { openUrl } from "./open-url.ts";
import type { OpenedSource, TemplateSource } from "./template-source.ts";

/**
 * Opens a source and learns its size where it is known.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `PERMISSION_DENIED`, `INVALID_ARGUMENT`, or `IO` when it cannot be reached
 */
export async function openTemplateSource(
  source: TemplateSource,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  if (Symbol.asyncIterator in source) return openStream(source);
  if ("file" in source) return openFile(source.file);
  if ("url" in source) return openUrl(source.url, source.headers ?? {}, signal);
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    message: "the source is neither a stream nor { file } nor { url }",
  });
}

function openStream(stream: AsyncIterable<Uint8Array>): OpenedSource {
  // Reading to the end, or leaving off early, ends it; one that is never read is the caller's to close.
  return { bytes: stream, size: null, name: "the stream", file: null, [Symbol.asyncDispose]: async () => {} };
}
