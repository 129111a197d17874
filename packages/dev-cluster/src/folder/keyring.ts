/** The capabilities of one entity: `{ mon: "allow *", osd: "allow *" }`. */
type Caps = Readonly<Record<string, string>>;

interface KeyringEntry {
  /** `client.admin`, `mon.`, `osd.0`, … */
  entity: string;
  key: string;
  caps?: Caps;
}

export const adminCaps: Caps = { mds: "allow *", mgr: "allow *", mon: "allow *", osd: "allow *" };
export const monitorCaps: Caps = { mon: "allow *" };
export const managerCaps: Caps = { mds: "allow *", mon: "allow profile mgr", osd: "allow *" };

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
