/** The formats that can be told from their first bytes; everything else is raw. */
export type DiskFormat = "raw" | "qcow2" | "vmdk" | "vhdx" | "vdi" | "qed" | "luks";

const signatures: readonly { format: DiskFormat; offset: number; bytes: Buffer }[] = [
  { format: "qcow2", offset: 0, bytes: Buffer.from("QFI\xfb", "latin1") },
  { format: "qed", offset: 0, bytes: Buffer.from("QED\0", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("KDMV", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("# Disk DescriptorFile", "latin1") },
  { format: "vhdx", offset: 0, bytes: Buffer.from("vhdxfile", "latin1") },
  { format: "luks", offset: 0, bytes: Buffer.from("LUKS\xba\xbe", "latin1") },
  { format: "vdi", offset: 64, bytes: Buffer.from("\x7f\x10\xda\xbe", "latin1") },
];

/** How many bytes {@link detectFormat} wants to see. */
export const formatHeadLength = 128;

/** What a file is by its first bytes. A raw disk starts with a partition table or file system, none of which match. */
export function detectFormat(head: Uint8Array): DiskFormat {
  const found = signatures.find(({ offset, bytes }) =>
    bytes.equals(Buffer.from(head.subarray(offset, offset + bytes.length))),
  );
  return found?.format ?? "raw";
}
