import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface SettingBinding {
  poolConfiguration(
    io: IoCtxRef,
    operation: Operation,
  ): Promise<{ name: string; value: string; source: number }[]>;
  imageConfiguration(
    image: ImageRef,
    operation: Operation,
  ): Promise<{ name: string; value: string; source: number }[]>;
  poolStats(io: IoCtxRef, operation: Operation): Promise<number[]>;
  formatEncryption: Encrypt;
  loadEncryption: Encrypt;
  loadEncryptionLayers(
    image: ImageRef,
    passphrases: readonly Uint8Array[],
    operation: Operation,
  ): Promise<void>;
}

export type Encrypt = (
  image: ImageRef,
  format: number,
  algorithm: number,
  passphrase: Uint8Array,
  operation: Operation,
) => Promise<void>;
