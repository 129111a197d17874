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
const program = "/usr/bin/virt-xml-validate";
const why = existsSync(program)
  ? "with virt-xml-validate"
  : "skipped, because virt-xml-validate is not installed (apt-get install --no-install-recommends libvirt-clients)";

/** Released versions of libvirt do not know mirrors. */
const withoutMirrors = (snapshot: DomainSnapshot): DomainSnapshot => ({
  ...snapshot,
  disks: snapshot.disks.map(({ mirror, ...disk }) => disk),
});

describe.skipIf(!existsSync(program))(`libvirt's own schema, ${why}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "domain-snapshot-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function validate(xml: string, name: string): Promise<void> {
    const file = join(folder, `${name}.xml`);
    await writeFile(file, xml);
    await run(program, [file, "domainsnapshot"]);
  }

  it("accepts libvirt's own example, without its mirrors", async () => {
    const snapshot = parseDomainSnapshot(mirrorSnapshot, { allowMirror: true });
    await validate(formatDomainSnapshot(withoutMirrors(snapshot)), "example");
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
    await validate(formatDomainSnapshot(withoutMirrors(completed)), "rbd");
  });

  it("accepts whatever is written", async () => {
    for (const [index, snapshot] of fc.sample(anySnapshot({ mirrors: false }), 20).entries()) {
      await validate(formatDomainSnapshot(snapshot), `any-${index}`);
    }
  });

  it("refuses what is wrong, so that it is known to look", async () => {
    await expect(validate("<domainsnapshot><nothing/></domainsnapshot>", "wrong")).rejects.toThrow();
  });
});
