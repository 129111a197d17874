import type { CallOptions } from "../../call-options.ts";
import * as configuration from "../../ioctx/configuration.ts";
import * as encryption from "../encryption.ts";
import * as metadata from "../metadata.ts";
import { ImageUsers } from "./users.ts";

/** What is kept with it: metadata, configuration, encryption. */
export abstract class ImageSettings extends ImageUsers {
  /** Rejects with NOT_FOUND for a key that is not there. Wraps rbd_metadata_get. */
  getMetadata(key: string, o?: CallOptions): Promise<string> {
    return metadata.getMetadata(this.opened, key, o);
  }

  /** Wraps rbd_metadata_set. */
  setMetadata(key: string, value: string, o?: CallOptions): Promise<void> {
    return metadata.setMetadata(this.opened, key, value, o);
  }

  /** Wraps rbd_metadata_remove. */
  removeMetadata(key: string, o?: CallOptions): Promise<void> {
    return metadata.removeMetadata(this.opened, key, o);
  }

  /** Wraps rbd_metadata_list. */
  listMetadata(o?: CallOptions): Promise<Map<string, string>> {
    return metadata.listMetadata(this.opened, o);
  }

  /** librbd's settings for this image, and where they were set. Wraps rbd_config_image_list. */
  configuration(o?: CallOptions): Promise<configuration.ConfigurationEntry[]> {
    return configuration.imageConfiguration(this.opened, o);
  }

  /** Encrypts the image anew: what it held is lost. The handle reads and writes plain text then. Wraps rbd_encryption_format. */
  formatEncryption(passphrase: string | Uint8Array, o?: encryption.EncryptionOptions): Promise<void> {
    return encryption.formatEncryption(this.opened, passphrase, o);
  }

  /** Unlocks an encrypted image for this handle. Wraps rbd_encryption_load. */
  loadEncryption(passphrase: string | Uint8Array, o?: encryption.EncryptionOptions): Promise<void> {
    return encryption.loadEncryption(this.opened, passphrase, o);
  }

  /**
   * Unlocks an image whose ancestors have passphrases of their own: the image's first, then its parent's and so on;
   * the last one serves for all that follow. LUKS of either version. See `features().encryptionLayers`. Wraps
   * rbd_encryption_load2.
   */
  loadEncryptionLayers(passphrases: readonly (string | Uint8Array)[], o?: CallOptions): Promise<void> {
    return encryption.loadEncryptionLayers(this.opened, passphrases, o);
  }
}
