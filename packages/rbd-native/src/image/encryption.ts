import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { Encrypt } from "../internal/binding-types.ts";
import { change } from "../internal/call.ts";
import { checkBytes, refuse } from "../internal/check.ts";
import { size } from "./facts.ts";
import type { OpenImage } from "./open-image.ts";

const formats = { luks1: 0, luks2: 1 } as const;
const algorithms = { aes128: 0, aes256: 1 } as const;

export interface EncryptionOptions extends CallOptions {
  /** luks2 without it. */
  readonly format?: keyof typeof formats | undefined;
  /** aes256 without it; only used when formatting. */
  readonly algorithm?: keyof typeof algorithms | undefined;
}

async function encrypt(
  image: OpenImage,
  call: string,
  act: Encrypt,
  passphrase: string | Uint8Array,
  o: EncryptionOptions | undefined,
): Promise<void> {
  const bytes = typeof passphrase === "string" ? Buffer.from(passphrase) : passphrase;
  checkBytes(call, image.spec, "passphrase", bytes);
  const format = formats[o?.format ?? "luks2"];
  const algorithm = algorithms[o?.algorithm ?? "aes256"];
  if (format === undefined)
    refuse(call, image.spec, `format must be one of ${Object.keys(formats).join(", ")}`);
  if (algorithm === undefined) {
    refuse(call, image.spec, `algorithm must be one of ${Object.keys(algorithms).join(", ")}`);
  }
  await change(image.spec, o, (operation) => act(image.handle, format, algorithm, bytes, operation));
  // The header takes its part of the image: what is left is smaller.
  await size(image);
}

export function formatEncryption(
  image: OpenImage,
  passphrase: string | Uint8Array,
  o?: EncryptionOptions,
): Promise<void> {
  return encrypt(image, "rbd_encryption_format", native.formatEncryption, passphrase, o);
}

export function loadEncryption(
  image: OpenImage,
  passphrase: string | Uint8Array,
  o?: EncryptionOptions,
): Promise<void> {
  return encrypt(image, "rbd_encryption_load", native.loadEncryption, passphrase, o);
}
