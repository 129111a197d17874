import { native } from "../internal/binding.ts";
import { type CallOptions, change } from "../internal/call.ts";
import { checkBytes, refuse } from "../internal/check.ts";
import type { Encrypt } from "../internal/native-types.ts";
import type { OpenImage } from "./open-image.ts";

const formats = { luks1: 0, luks2: 1 } as const;
const algorithms = { aes128: 0, aes256: 1 } as const;

export interface EncryptionOptions extends CallOptions {
  /** luks2 without it. */
  readonly format?: keyof typeof formats | undefined;
  /** aes256 without it; only used when formatting. */
  readonly algorithm?: keyof typeof algorithms | undefined;
}

function bytesOf(image: OpenImage, call: string, passphrase: string | Uint8Array): Uint8Array {
  const bytes = typeof passphrase === "string" ? Buffer.from(passphrase) : passphrase;
  return checkBytes(call, image.spec, "passphrase", bytes);
}

async function encrypt(
  image: OpenImage,
  call: string,
  act: Encrypt,
  passphrase: string | Uint8Array,
  o: EncryptionOptions | undefined,
): Promise<void> {
  const bytes = bytesOf(image, call, passphrase);
  const format = formats[o?.format ?? "luks2"];
  const algorithm = algorithms[o?.algorithm ?? "aes256"];
  if (format === undefined)
    refuse(call, image.spec, `format must be one of ${Object.keys(formats).join(", ")}`);
  if (algorithm === undefined) {
    refuse(call, image.spec, `algorithm must be one of ${Object.keys(algorithms).join(", ")}`);
  }
  await change(image.spec, o, (operation) => act(image.handle, format, algorithm, bytes, operation));
  // The LUKS header takes part of the image, so its usable size is smaller.
  await image.readSize();
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

export async function loadEncryptionLayers(
  image: OpenImage,
  passphrases: readonly (string | Uint8Array)[],
  o?: CallOptions,
): Promise<void> {
  const call = "rbd_encryption_load2";
  if (passphrases.length === 0) refuse(call, image.spec, "at least one passphrase is needed");
  const bytes = passphrases.map((p) => bytesOf(image, call, p));
  await change(image.spec, o, (operation) => native.loadEncryptionLayers(image.handle, bytes, operation));
  await image.readSize();
}
