import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  isNameable,
  osdBytesFor,
  prepareFolder,
  requireDirectIo,
  requireOwner,
} from "../../../src/machine/folder.ts";
import { memoryNeeded, requireBinaries, requireMemory } from "../../../src/machine/requirements.ts";
import { scratchFolder } from "../../support/scratch.ts";

const GiB = 1024 ** 3;

describe("requireBinaries", () => {
  test("names what is missing and the packages that bring it, once each", async () => {
    await using scratch = await scratchFolder();
    await writeFile(join(scratch.path, "ceph-mon"), "");
    await chmod(join(scratch.path, "ceph-mon"), 0o755);
    await expect(
      requireBinaries(["ceph", "rbd", "ceph-mon", "ceph-osd"], scratch.path),
    ).rejects.toMatchObject({
      code: "MISSING_PACKAGES",
      message:
        "Not installed: ceph, rbd, ceph-osd. " +
        "Install them: apt-get install --no-install-recommends ceph-common ceph-osd",
    });
  });
});

describe("requireMemory", () => {
  test("asks for less without a manager", () => {
    const needed = memoryNeeded({ mon: 1, mgr: 0, osd: 1 });
    expect(needed).toBeLessThan(memoryNeeded({ mon: 1, mgr: 1, osd: 1 }));
    expect(() => requireMemory(needed, needed)).not.toThrow();
  });

  test("says what is needed and what there is", () => {
    expect(() => requireMemory(700 * 1024 ** 2, 300.5 * 1024 ** 2)).toThrow(
      "The cluster's daemons need about 700 MiB of memory, 300 MiB is available.",
    );
  });
});

describe("osdBytesFor", () => {
  test("is 64 GiB, three quarters of a smaller disk, or what was asked for", () => {
    expect(osdBytesFor("/d", 1000 * GiB, undefined)).toBe(64 * GiB);
    expect(osdBytesFor("/d", 20 * GiB, undefined)).toBe(15 * GiB);
    expect(osdBytesFor("/d", 20 * GiB, 100)).toBe(100 * GiB);
  });

  test("refuses a disk that is nearly full", () => {
    expect(() => osdBytesFor("/d", 1.5 * GiB, 10)).toThrow("The disk of /d has 1.5 GiB free");
  });
});

describe("prepareFolder", () => {
  test("makes it for its owner alone and follows symbolic links", async () => {
    await using scratch = await scratchFolder();
    await mkdir(join(scratch.path, "real"));
    await symlink("real", join(scratch.path, "link"));
    const folder = await prepareFolder(join(scratch.path, "link", "a", "b"));
    expect(folder).toBe(join(scratch.path, "real", "a", "b"));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test.each(["/tmp/a,b", "/tmp/a;b", "/tmp/$id", "/tmp/a\nb"])(
    "refuses %j before it is made",
    async (dir) => {
      expect(isNameable(dir)).toBe(false);
      await expect(prepareFolder(dir)).rejects.toMatchObject({ code: "UNSUITABLE_FOLDER" });
      await expect(stat(dir)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  test("refuses a file, a place below one, and a place where nothing can be made", async () => {
    await using scratch = await scratchFolder();
    const file = join(scratch.path, "file");
    await writeFile(file, "");
    for (const dir of [file, join(file, "x"), "/proc/coppice/x"]) {
      await expect(prepareFolder(dir)).rejects.toMatchObject({ code: "UNSUITABLE_FOLDER" });
    }
  });
});

test("requireOwner refuses what belongs to another user", async () => {
  await using scratch = await scratchFolder();
  await requireOwner(scratch.path);
  await expect(requireOwner(scratch.path, 4711)).rejects.toMatchObject({
    code: "UNSUITABLE_FOLDER",
    message: expect.stringContaining("this is user 4711"),
  });
});

test("requireDirectIo leaves nothing behind", async () => {
  await using scratch = await scratchFolder();
  await requireDirectIo(scratch.path);
  await expect(stat(join(scratch.path, ".direct-io"))).rejects.toMatchObject({ code: "ENOENT" });
  await expect(requireDirectIo("/proc")).rejects.toMatchObject({ code: "UNSUITABLE_FOLDER" });
});
