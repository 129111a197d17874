import { CoppiceError } from "../../errors/coppice-error.ts";
import type { CoppiceErrorCode } from "../../errors/error-code.ts";
import type { OpenedSource } from "./template-source.ts";

const codes: Readonly<Record<number, CoppiceErrorCode>> = {
  401: "PERMISSION_DENIED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  410: "NOT_FOUND",
  408: "TIMED_OUT",
  504: "TIMED_OUT",
};

/** Starts a download. Its size is known when the server tells it. @throws {CoppiceError} */
export async function openUrl(
  url: string | URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  const address = parse(url);
  const abort = new AbortController();
  const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
  const response = await request(address, headers, either, signal);
  const { body, status, statusText } = response;
  const name = address.href;
  if (!response.ok || body === null) {
    abort.abort();
    throw new CoppiceError({
      code: codes[status] ?? "IO",
      call: "importTemplate",
      object: name,
      message: `${name} was answered with ${status} ${statusText}`.trimEnd(),
      hint: "Check the address, and whether it needs a header to be let in.",
    });
  }
  const length =
    response.headers.get("content-encoding") === null ? response.headers.get("content-length") : null;
  return {
    bytes: body,
    size: length === null ? null : Number(length),
    name,
    file: null,
    [Symbol.asyncDispose]: async () => abort.abort(),
  };
}

async function request(
  address: URL,
  headers: Readonly<Record<string, string>>,
  either: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    // The disk as it is: a compressed transfer would hide its size.
    return await fetch(address, { headers: { "accept-encoding": "identity", ...headers }, signal: either });
  } catch (cause) {
    signal?.throwIfAborted();
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: address.href,
      message: `${address.href} could not be reached: ${inner instanceof Error ? inner.message : String(inner)}`,
      hint: "Check the address and the network.",
      cause,
    });
  }
}

function parse(url: string | URL): URL {
  const address = URL.parse(String(url));
  if (address !== null && (address.protocol === "http:" || address.protocol === "https:")) return address;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    object: String(url),
    message: `${JSON.stringify(String(url))} is not an http or https address`,
  });
}
