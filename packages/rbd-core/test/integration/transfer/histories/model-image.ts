import { createHash } from "node:crypto";

/** The bytes of an image and its snapshots in memory: what they must be, whatever Ceph says. */
export class ModelImage {
  readonly snapshots = new Map<string, Buffer>();
  #head: Buffer;

  constructor(head: Buffer) {
    this.#head = head;
  }

  get head(): Buffer {
    return this.#head;
  }

  write(offset: number, data: Buffer): void {
    data.copy(this.#head, offset);
  }

  zero(offset: number, length: number): void {
    this.#head.fill(0, offset, offset + length);
  }

  resize(size: number): void {
    const head = Buffer.alloc(size);
    this.#head.copy(head, 0, 0, Math.min(size, this.#head.length));
    this.#head = head;
  }

  snapshot(name: string): void {
    this.snapshots.set(name, Buffer.from(this.#head));
  }

  rollback(name: string): void {
    this.#head = Buffer.from(this.at(name));
  }

  /** The bytes at a snapshot. */
  at(name: string): Buffer {
    const bytes = this.snapshots.get(name);
    if (bytes === undefined) throw new Error(`the model has no snapshot ${name}`);
    return bytes;
  }
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const page = 512;

/** Where two contents differ, in pages, as far as the newer one goes; what lies beyond the older one counts as zero. */
export function differences(before: Buffer | undefined, now: Buffer): [offset: number, length: number][] {
  const found: [number, number][] = [];
  const zeroes = Buffer.alloc(page);
  for (let at = 0; at < now.length; at += page) {
    const length = Math.min(page, now.length - at);
    const old = before?.subarray(at, at + length) ?? zeroes.subarray(0, 0);
    const padded =
      old.length === length ? old : Buffer.concat([old, zeroes.subarray(0, length - old.length)]);
    if (!now.subarray(at, at + length).equals(padded)) found.push([at, length]);
  }
  return found;
}
