import { expect, test } from "vitest";
import { plainCommands, type RestorablePoint } from "#features/backups/plain-commands.ts";

const inPool: RestorablePoint = {
  id: "b",
  chain: "volume-vm.backup.a",
  parent: "a",
  size: 1073741824,
  objectSize: 4194304,
  stored: { kind: "snapshot", image: "volume-vm.backup.a", name: "backup.b.snap.1767323045.67" },
};

test("a point in a pool is copied from its snapshot, whatever the rest of its chain is", () => {
  expect(plainCommands(inPool, [], { kind: "pool", pool: "backups", namespace: "" })).toBe(
    "rbd create --size 1073741824B --object-size 4194304B rbd/restored\n" +
      "rbd export-diff backups/volume-vm.backup.a@backup.b.snap.1767323045.67 - | rbd import-diff - rbd/restored",
  );
  const named = { ...inPool, stored: { ...inPool.stored, image: "it's" } as RestorablePoint["stored"] };
  expect(plainCommands(named, [], { kind: "pool", pool: "backups", namespace: "ns" })).toContain(
    "export-diff 'backups/ns/it'\\''s@backup.b",
  );
});

test("a point in a directory is made of the files from the full backup on, compressed or not", () => {
  const file = (id: string, parent: string | null, name: string): RestorablePoint => ({
    ...inPool,
    id,
    parent,
    size: parent === null ? 1024 : 2048,
    stored: { kind: "diff", file: name },
  });
  const chain = [file("c", "b", "c.1.diff"), file("a", null, "a.1.diff"), file("b", "a", "b.1.diff.zst")];
  const place = { kind: "directory", path: "/srv/my backups/" } as const;
  const [newest, , middle] = chain;
  if (newest === undefined || middle === undefined) throw new Error("unreachable");
  expect(plainCommands(middle, chain, place, "vms/new")?.split("\n")).toEqual([
    "cd '/srv/my backups/volume-vm.backup.a'",
    "sha256sum --check SHA256SUMS",
    "rbd create --size 1024B --object-size 4194304B vms/new",
    "rbd import-diff a.1.diff vms/new",
    "zstd -dc b.1.diff.zst | rbd import-diff - vms/new",
  ]);
  expect(plainCommands(newest, chain.slice(0, 2), place)).toBeNull();
});
