// Writes Ceph's encodings, so that tests can decode what they chose themselves.

export const u8 = (value: number) => Buffer.from([value]);

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint | number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

export const bool = (value: boolean) => u8(value ? 1 : 0);

export function bytes(value: Uint8Array): Buffer {
  return Buffer.concat([u32(value.length), value]);
}

export const string = (value: string) => bytes(Buffer.from(value, "utf8"));

export function time(value: Date | null): Buffer {
  const milliseconds = value?.getTime() ?? 0;
  return Buffer.concat([u32(Math.floor(milliseconds / 1000)), u32((milliseconds % 1000) * 1e6)]);
}

export const list = (entries: Uint8Array[]) => Buffer.concat([u32(entries.length), ...entries]);

export const optional = (value: Uint8Array | null) =>
  value === null ? bool(false) : Buffer.concat([bool(true), value]);

export function versioned(version: number, compat: number, ...fields: Uint8Array[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([u8(version), u8(compat), u32(content.length), content]);
}

export const parentV1 = (parent: { pool: number; id: string; snap: bigint; overlap: number }) =>
  versioned(1, 1, u64(parent.pool), string(parent.id), u64(parent.snap), u64(parent.overlap));

export const parentV2 = (parent: {
  pool: number;
  namespace: string;
  id: string;
  snap: bigint;
  overlap: number | null;
}) =>
  versioned(
    2,
    2,
    u64(parent.pool),
    string(parent.namespace),
    string(parent.id),
    u64(parent.snap),
    optional(parent.overlap === null ? null : u64(parent.overlap)),
  );

export const noParentV1 = parentV1({ pool: -1, id: "", snap: 0xffff_ffff_ffff_fffen, overlap: 0 });

export const userNamespace = versioned(1, 1, u32(0));
export const groupNamespace = (pool: number, group: string, snapshot: string) =>
  versioned(1, 1, u32(1), u64(pool), string(group), string(snapshot));
export const trashNamespace = (name: string, kind: number) =>
  versioned(1, 1, u32(2), string(name), u32(kind));
export const mirrorNamespace = (state: number, complete: boolean, peers: string[], primary: string) =>
  versioned(
    1,
    1,
    u32(3),
    u8(state),
    bool(complete),
    list(peers.map(string)),
    string(primary),
    u64(7),
    u64(0),
    list([]),
  );
