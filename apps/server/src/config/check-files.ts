import { access, constants } from "node:fs/promises";
import { type Config, ConfigError } from "./config.ts";

/**
 * A `ceph.conf` that was named but cannot be read is a mistake to mend before the start; a cluster that does not
 * answer is not. @throws {ConfigError}
 */
export async function checkFiles({ ceph }: Config): Promise<void> {
  if (ceph.conf === null) return;
  try {
    await access(ceph.conf, constants.R_OK);
  } catch (cause) {
    throw new ConfigError(`CEPH_CONF names ${ceph.conf}, which cannot be read.`, { cause });
  }
}
