import { randomBytes } from "node:crypto";

/** The capabilities of one entity: `{ mon: "allow *", osd: "allow *" }`. */
export type Caps = Readonly<Record<string, string>>;

export interface KeyringEntry {
  /** `client.admin`, `mon.`, `osd.0`, … */
  entity: string;
  key: string;
  caps?: Caps;
}

export const adminCaps: Caps = { mds: "allow *", mgr: "allow *", mon: "allow *", osd: "allow *" };
export const monitorCaps: Caps = { mon: "allow *" };
export const managerCaps: Caps = { mds: "allow *", mon: "allow profile mgr", osd: "allow *" };

/**
 * A new cephx secret in Ceph's base64 form: le16 type (1 = AES), le32 seconds and le32 nanoseconds of
 * its creation, le16 length, 16 random bytes (the encoding that `ceph-authtool --gen-key` prints).
 */
export function generateKey(createdAt: Date, random: (bytes: number) => Uint8Array = randomBytes): string {
  const secret = random(16);
  const header = Buffer.alloc(12);
  header.writeUInt16LE(1, 0);
  header.writeUInt32LE(Math.floor(createdAt.getTime() / 1000), 2);
  header.writeUInt32LE((createdAt.getTime() % 1000) * 1_000_000, 6);
  header.writeUInt16LE(secret.length, 10);
  return Buffer.concat([header, secret]).toString("base64");
}

/** The text of a keyring file. */
export function renderKeyring(entries: readonly KeyringEntry[]): string {
  return entries
    .map(({ entity, key, caps = {} }) => {
      const capLines = Object.entries(caps).map(([service, cap]) => `\tcaps ${service} = "${cap}"\n`);
      return `[${entity}]\n\tkey = ${key}\n${capLines.join("")}`;
    })
    .join("");
}

/** The key of `entity` in a keyring's text, if it is there. */
export function parseKey(keyring: string, entity: string): string | undefined {
  let section = "";
  for (const line of keyring.split("\n")) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    const key = /^\s*key\s*=\s*(\S+)\s*$/.exec(line)?.[1];
    if (section === entity && key !== undefined) return key;
  }
  return undefined;
}
