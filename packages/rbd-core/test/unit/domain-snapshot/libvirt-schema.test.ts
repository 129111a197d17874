import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  completeDisks,
  type DomainSnapshot,
  formatDomainSnapshot,
  parseDomainSnapshot,
} from "../../../src/domain-snapshot/index.ts";
import { anySnapshot, mirrorSnapshot } from "./support.ts";

const run = promisify(execFile);
/** libvirt's validator is a script around xmllint, which its package only recommends. */
const programs = ["/usr/bin/virt-xml-validate", "/usr/bin/xmllint"] as const;
const schema = "/usr/share/libvirt/schemas/domainsnapshot.rng";
const missing = [...programs, schema].filter((file) => !existsSync(file));
const title =
  missing.length === 0
    ? "libvirt's own schema"
    : `libvirt's own schema: skipped without ${missing.join(" and ")}; apt-get install libvirt-clients libxml2-utils`;

/** What the schema of libvirt 9.0 knows: no mirrors, and no driver beside a network source, which libvirt itself reads. */
const asReleased = (snapshot: DomainSnapshot): DomainSnapshot => ({
  ...snapshot,
  disks: snapshot.disks.map(({ mirror, driverType, ...disk }) => ({
    ...disk,
    driverType: disk.source?.type === "rbd" ? undefined : driverType,
  })),
});

describe.skipIf(missing.length > 0)(title, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "domain-snapshot-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function validate(xml: string, name: string): Promise<void> {
    const file = join(folder, `${name}.xml`);
    await writeFile(file, xml);
    await run(programs[0], [file, "domainsnapshot"]);
  }

  it("accepts libvirt's own example without its mirrors", async () => {
    const snapshot = parseDomainSnapshot(mirrorSnapshot, { allowMirror: true });
    await validate(formatDomainSnapshot(asReleased(snapshot)), "example");
  });

  it("accepts a snapshot of RBD images whose sources were generated", async () => {
    const snapshot = parseDomainSnapshot(
      `<domainsnapshot>
        <name>move</name>
        <memory snapshot='no'/>
        <disks><disk name='vda'><mirror protocol='rbd' name='fast/vm-1'/></disk></disks>
        <domain type='kvm'>
          <name>vm-1</name>
          <memory unit='KiB'>1048576</memory>
          <os><type>hvm</type></os>
          <devices>
            <disk type='network' device='disk'>
              <auth username='libvirt'>
                <secret type='ceph' uuid='3d5a5fe8-af8a-8739-f90f-ac54f21e1711'/>
              </auth>
              <source protocol='rbd' name='vms/vm-1'>
                <host name='10.0.0.1' port='6789'/>
                <host name='fd00::1'/>
                <config file='/etc/ceph/ceph.conf'/>
              </source>
              <target dev='vda' bus='virtio'/>
            </disk>
          </devices>
        </domain>
      </domainsnapshot>`,
      { allowMirror: true },
    );
    const completed = completeDisks(snapshot);
    expect(completed.disks[0]?.source).toMatchObject({ type: "rbd", image: "vms/vm-1" });
    await validate(formatDomainSnapshot(asReleased(completed)), "rbd");
  });

  it("accepts whatever is written", async () => {
    // All at once by the program that libvirt's calls, which reads the schema for each document otherwise.
    const files = await Promise.all(
      fc.sample(anySnapshot(), { numRuns: 100, seed: 19 }).map(async (snapshot, index) => {
        const file = join(folder, `any-${index}.xml`);
        await writeFile(file, formatDomainSnapshot(asReleased(snapshot)));
        return file;
      }),
    );
    await run(programs[1], ["--noout", "--relaxng", schema, ...files]);
  });

  it("refuses what is wrong, so that it is known to look", async () => {
    await expect(validate("<domainsnapshot><nothing/></domainsnapshot>", "wrong")).rejects.toThrow(
      /fails to validate/,
    );
  });
});
