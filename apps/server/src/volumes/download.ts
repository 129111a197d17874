import { type LookupAddress, lookup } from "node:dns";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { ServerError } from "../base/errors.ts";

/** A download that has begun. Disposing ends it. */
export interface Download extends Disposable {
  body: IncomingMessage;
  /** Bytes; null when the server does not say. */
  size: number | null;
}

export interface DownloadOptions {
  /** Whether addresses of private networks, and of this machine, may be asked. */
  allowPrivate: boolean;
  signal: AbortSignal;
}

const MOST_REDIRECTS = 5;
/** How long a server may take until it begins to answer. */
const ANSWER_MS = 30_000;

/** Checks an address as it was typed. Asks nobody. @throws {ServerError} `INVALID_INPUT` */
export function parseDownloadUrl(text: string, { allowPrivate }: Pick<DownloadOptions, "allowPrivate">): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw refusal(
      "The address must begin with http:// or https://.",
      "Upload the file instead, or correct it.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw refusal(
      "The address contains a user name or a password, which would be stored with the task.",
      "Download the file, and upload it here.",
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && isIP(host) !== 0 && isPrivate(host)) throw privateAddress(url.hostname);
  return url;
}

/** An address for messages and logs: without its query, which may hold a key. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * Begins a download. Redirects are followed, and every address on the way is checked, also what a name resolves to at the
 * moment of the connection: a user must not reach through this server what they cannot reach themselves.
 *
 * @throws {ServerError} `INVALID_INPUT` for an address that may not be asked; `DOWNLOAD_FAILED`; the signal's reason
 */
export async function openDownload(url: URL, options: DownloadOptions): Promise<Download> {
  let address = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await ask(address, options);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) {
      const length = headers["content-encoding"] === undefined ? headers["content-length"] : undefined;
      return {
        body: response,
        size: length === undefined ? null : Number(length),
        [Symbol.dispose]: () => response.destroy(),
      };
    }
    response.destroy();
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
      throw failure(`${shownUrl(address)} was answered with ${statusCode}.`, {
        hint: "Check the address, and whether the server requires a sign-in.",
      });
    }
    const next = URL.parse(headers.location, address.href);
    if (next === null) throw failure(`${shownUrl(address)} was redirected to no address.`, {});
    address = parseDownloadUrl(next.href, options);
  }
  throw failure(`${shownUrl(url)} was redirected more than ${MOST_REDIRECTS} times.`, {});
}

function ask(url: URL, { allowPrivate, signal }: DownloadOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const asked = request(url, {
    // A compressed transfer would hide the size of the disk.
    headers: { "accept-encoding": "identity", "user-agent": "coppice" },
    agent: false,
    signal,
    timeout: ANSWER_MS,
    ...(allowPrivate ? {} : { lookup: lookupPublic }),
  });
  asked.on("timeout", () => asked.destroy(new Error(`it did not answer in ${ANSWER_MS / 1000} seconds`)));
  asked.on("response", (response) => {
    asked.setTimeout(0); // from now on whoever reads decides how long to wait
    resolve(response);
  });
  asked.on("error", (cause) => {
    if (signal.aborted) reject(signal.reason);
    else if (cause instanceof ServerError) reject(cause);
    else {
      const hint = "Check the address and the network.";
      reject(failure(`${shownUrl(url)} could not be reached: ${cause.message}.`, { hint, cause }));
    }
  });
  asked.end();
  return promise;
}

/** Resolves a name, and refuses it when one of its addresses is private. */
const lookupPublic: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, "");
    const addresses: LookupAddress[] = found;
    const [first] = addresses;
    if (first === undefined) return done(new Error(`${hostname} has no address`), "");
    if (addresses.some(({ address }) => isPrivate(address))) return done(privateAddress(hostname), "");
    if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};

/** What is not a host of the internet: this machine, private networks, and addresses with a meaning of their own. */
const PRIVATE = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  "::/127",
  "64:ff9b::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/9",
  "ff00::/8",
];

const privateAddresses = new BlockList();
for (const network of PRIVATE) {
  const [address = "", bits] = network.split("/");
  privateAddresses.addSubnet(address, Number(bits), isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** Whether an IP address belongs to a private network, also as an IPv4 address in the form of IPv6. Pure. */
export function isPrivate(address: string): boolean {
  return privateAddresses.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function privateAddress(host: string): ServerError {
  return refusal(
    `${host} is an address of a private network, or of the server itself.`,
    "Upload the file instead, or have an administrator set COPPICE_IMPORT_PRIVATE=1.",
  );
}

function refusal(message: string, hint: string): ServerError {
  return new ServerError("INVALID_INPUT", message, { hint });
}

function failure(message: string, details: { hint?: string; cause?: unknown }): ServerError {
  return new ServerError("DOWNLOAD_FAILED", message, details);
}
