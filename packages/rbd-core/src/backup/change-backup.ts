import type { BackupRecord } from "./backup-record.ts";
import type { BackupTarget, CallSignal } from "./backup-target.ts";
import { findBackup } from "./chain-digests.ts";

export interface ChangeBackupOptions extends CallSignal {
  readonly target: BackupTarget;
  /** The backup's id. */
  readonly backup: string;
  /** Whether retention keeps it, whatever the policy says. Default: as it is. */
  readonly protected?: boolean | undefined;
  /** Replaces all labels. At most 64. Default: as they are. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Changes what is said about a backup. Its data stays as it is.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `BUSY` while another process works on the chain; `OUT_OF_RANGE` for too many labels; the
 * signal's reason
 *
 * @example
 * await changeBackup({ target, backup: id, protected: true });
 */
export async function changeBackup(options: ChangeBackupOptions): Promise<BackupRecord> {
  const { target, signal } = options;
  const { chain: name } = await findBackup(target, options.backup, { signal });
  await using chain = await target.openChain(name, { signal });
  const backup = await findBackup(target, options.backup, { signal });
  const changed: BackupRecord = {
    ...backup,
    protected: options.protected ?? backup.protected,
    labels: { ...(options.labels ?? backup.labels) },
  };
  await chain.update(changed);
  return changed;
}
