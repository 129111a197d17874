import { expect, it } from "vitest";
import { restoreCommands } from "../../../src/backup/index.ts";
import { record } from "./records.ts";

const fsid = "6f0a3c1e-8f0b-4a34-9d7e-0d6e5f4c3b2a";

it("restores a point in a pool by itself, whatever came before it", () => {
  const location = { kind: "pool", fsid, pool: "backups", namespace: "tenant" } as const;
  const [older, point] = [record({ id: "a" }), record({ id: "b" })];
  const [image, file, clone] = restoreCommands(location, [older, point]);
  const spec = `backups/tenant/${point.chain}@backup.b.snap.1767323045.678`;
  expect(image?.commands).toEqual([
    "IMAGE=rbd/restored  # pool/image, a name that is free",
    'rbd create --size 10737418240B --object-size 4194304B "$IMAGE"',
    `rbd export-diff ${spec} - | rbd import-diff - "$IMAGE"`,
    'rbd snap rm "$IMAGE"@backup.b.snap.1767323045.678',
  ]);
  expect(file?.commands).toEqual([`rbd export ${spec} disk.raw`]);
  expect(clone?.commands.slice(1)).toEqual([
    `rbd clone --rbd-default-clone-format 2 ${spec} "$IMAGE"`,
    'rbd flatten "$IMAGE"',
  ]);
});

it("restores a point in a directory from all the files up to it", () => {
  const stored = (file: string) =>
    ({ kind: "diff", file, sidecar: "s", digests: "d", bytes: 1, sha256: "0".repeat(64) }) as const;
  const points = [
    record({ id: "a", chain: "vm-1.a", size: 4096, stored: stored("a.1.diff") }),
    record({ id: "b", chain: "vm-1.a", stored: stored("b.1.diff.zst") }),
  ];
  const [image] = restoreCommands({ kind: "directory", path: "/mnt/nas" }, points);
  expect(image?.commands).toEqual([
    "cd /mnt/nas/vm-1.a",
    "sha256sum --check SHA256SUMS",
    "IMAGE=rbd/restored  # pool/image, a name that is free",
    'rbd create --size 4096B --object-size 4194304B "$IMAGE"',
    'rbd import-diff a.1.diff "$IMAGE"',
    'zstd -dc b.1.diff.zst | rbd import-diff - "$IMAGE"',
    'rbd snap purge "$IMAGE"',
  ]);
});

it("quotes what a shell would read as something else", () => {
  const name = "it's $(rm -rf /)";
  const location = { kind: "pool", fsid, pool: "my backups", namespace: "" } as const;
  const [, file] = restoreCommands(location, [record({ chain: name })]);
  expect(file?.commands[0]).toMatch(
    /^rbd export 'my backups\/it'\\''s \$\(rm -rf \/\)@backup\..*' disk\.raw$/,
  );
});

it("has no commands for no points", () => {
  expect(restoreCommands({ kind: "directory", path: "/mnt" }, [])).toEqual([]);
});
