import { expect, test } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import {
  createSnapshot,
  protectSnapshot,
  removeSnapshot,
  unprotectSnapshot,
} from "../../../src/image/snapshots.ts";
import { removeTemplate } from "../../../src/template/remove-template.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const MiB = 2 ** 20;
const own = useOwnPool("messages");
const { pool } = own;

test("a setting with a wrong name and a configuration file that is missing are named, with advice on each", async () => {
  await expect(connect({ conf: own.conf, settings: { rbd_cahce: "false" } })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(/no setting named "rbd_cahce".*ceph config ls/),
  });
  await expect(connect({ conf: "/nowhere/ceph.conf" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(/\/nowhere\/ceph\.conf does not exist.*path of a ceph\.conf/),
  });
});

test("a namespace that is missing is named", async () => {
  const missing = {
    name: "CoppiceError",
    code: "NOT_FOUND",
    object: `${pool}/absent`,
    message: expect.stringContaining('has no namespace "absent"'),
  };
  await expect(createImage(own.cluster, `${pool}/absent/disk`, { size: MiB })).rejects.toMatchObject(missing);
  await expect(openImage(own.cluster, `${pool}/absent/disk`)).rejects.toMatchObject(missing);
});

test.each([3000, 2048, 64 * MiB, 0, Number.NaN])(
  "an object size of %s is refused by its bytes",
  async (objectSize) => {
    const refused = createImage(own.cluster, `${pool}/odd`, { size: MiB, objectSize });
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        new RegExp(`object size of ${objectSize} bytes.*power of two from 4096`),
      ),
    });
    expect(await own.rbd("ls", pool)).not.toContain("odd");
  },
);

test("a snapshot that is busy says what keeps it: its protection, or its clones by name", async () => {
  const snapshot = `${pool}/parent@base`;
  await own.rbd("create", "--size", "1M", `${pool}/parent`);
  await createSnapshot(own.cluster, snapshot);
  await expect(unprotectSnapshot(own.cluster, snapshot)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: `${snapshot} could not be unprotected: the snapshot is not protected. Nothing has to be done.`,
  });
  await protectSnapshot(own.cluster, snapshot);
  await expect(protectSnapshot(own.cluster, snapshot)).rejects.toMatchObject({
    code: "BUSY",
    message: `${snapshot} could not be protected: the snapshot is already protected. Nothing has to be done.`,
  });
  await expect(removeSnapshot(own.cluster, snapshot)).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringMatching(/parent@base is protected\. Remove its protection first/),
  });
  for (const name of ["one", "two"]) {
    await own.rbd("clone", "--rbd-default-clone-format", "1", snapshot, `${pool}/${name}`);
  }
  const busy = {
    code: "BUSY",
    errno: 16,
    object: snapshot,
    message: expect.stringMatching(new RegExp(`2 clones read from ${snapshot}: ${pool}/\\w+, ${pool}/\\w+`)),
  };
  await expect(unprotectSnapshot(own.cluster, snapshot)).rejects.toMatchObject(busy);
  await expect(removeSnapshot(own.cluster, snapshot, { unprotect: true })).rejects.toMatchObject(busy);
  expect(await own.rbd("snap", "ls", `${pool}/parent`)).toContain("base");
});

test("an image that another client has locked does not pass for a snapshot or a mirror", async () => {
  await createImage(own.cluster, `${pool}/locked`, { size: MiB });
  await using io = await own.native.openPool(pool);
  await using holder = await io.openImage("locked");
  await holder.acquireExclusiveLock();
  await using image = await openImage(own.cluster, `${pool}/locked`);
  await expect(image.write(0, Buffer.alloc(4096))).rejects.toMatchObject({
    code: "READ_ONLY",
    message: expect.stringMatching(/another client holds its exclusive lock/),
  });
});

test("what removeTemplate advises can be done with removeTemplate", async () => {
  await own.rbd("create", "--size", "1M", `${pool}/template`);
  for (const name of ["snap", "other"])
    await own.rbd("snap", "create", "--no-progress", `${pool}/template@${name}`);
  await expect(removeTemplate(own.cluster, { template: `${pool}/template` })).rejects.toMatchObject({
    code: "NOT_EMPTY",
    message: expect.stringMatching(/@other.*Remove the other snapshots first\.$/),
  });
});

test("a name that is taken is an image's, whoever was to make it", async () => {
  await own.rbd("create", "--size", "1M", `${pool}/taken`);
  const cloning = cloneImage(own.cluster, { source: `${pool}/taken`, target: `${pool}/taken` });
  await expect(cloning).rejects.toMatchObject({ message: expect.not.stringContaining("for the clone") });
});
