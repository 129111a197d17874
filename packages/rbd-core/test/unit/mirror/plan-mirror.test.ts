import { describe, expect, it } from "vitest";
import { parseDomainSnapshot } from "../../../src/domain-snapshot/index.ts";
import { planMirror } from "../../../src/mirror/index.ts";

const image = (pool: string, name: string, namespace = "") => ({ pool, namespace, image: name });

const xml = `
<domainsnapshot>
  <name>move</name>
  <disks>
    <disk name='vda' snapshot='external' type='network'>
      <source protocol='rbd' name='vms/vm-1'/>
      <mirror protocol='rbd' name='fast/tenant/vm-1'/>
    </disk>
    <disk name='vdb'><mirror protocol='rbd' name='fast/vm-1-data'/></disk>
    <disk name='vdc' snapshot='no'/>
  </disks>
  <domain type='kvm'>
    <devices>
      <disk type='network' device='disk'>
        <source protocol='rbd' name='vms/vm-1-data'/><target dev='vdb'/>
      </disk>
      <disk type='file' device='disk'><source file='/a.img'/><target dev='vdc'/></disk>
    </devices>
  </domain>
</domainsnapshot>`;

describe("planMirror", () => {
  it("takes the disks with a mirror from libvirt's description", () => {
    const plan = planMirror(parseDomainSnapshot(xml, { allowMirror: true }), { pool: "unused" });
    expect(plan).toEqual({
      label: "move",
      mirror: image("fast", "vm-1", "tenant"),
      disks: [
        { name: "vda", source: image("vms", "vm-1"), mirror: image("fast", "vm-1", "tenant") },
        { name: "vdb", source: image("vms", "vm-1-data"), mirror: image("fast", "vm-1-data") },
      ],
    });
  });

  it("names mirrors after their sources where nothing else is said", () => {
    const disks = [{ source: "vms/a" }, { name: "data", source: "vms/b", mirror: "other/c" }];
    expect(planMirror({ disks }, { pool: "fast", namespace: "n" })).toEqual({
      label: null,
      mirror: image("fast", "a", "n"),
      disks: [
        { name: "a", source: image("vms", "a"), mirror: image("fast", "a", "n") },
        { name: "data", source: image("vms", "b"), mirror: image("other", "c") },
      ],
    });
  });

  it("refuses files, one image twice, and a request without mirrors", () => {
    const file = xml.replace("<mirror protocol='rbd' name='fast/vm-1-data'/>", "<mirror file='/b.img'/>");
    const plan = (text: string) =>
      planMirror(parseDomainSnapshot(text, { allowMirror: true }), { pool: "fast" });
    expect(() => plan(file)).toThrow(expect.objectContaining({ code: "UNSUPPORTED", object: "vdb" }));
    expect(() => plan(xml.replaceAll(/<mirror [^>]*>/g, ""))).toThrow("no disk has a mirror");
    const refused = [
      [{ source: "vms/a" }, { source: "vms/a", mirror: "fast/b" }],
      [{ source: "vms/a" }, { source: "vms/b", mirror: "fast/a" }],
      [{ source: "fast/a" }],
    ];
    for (const disks of refused) {
      expect(() => planMirror({ disks }, { pool: "fast" })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
    // In another cluster it is another image.
    const elsewhere = { pool: "fast", isSameCluster: false };
    expect(planMirror({ disks: [{ source: "fast/a" }] }, elsewhere).mirror).toEqual(image("fast", "a"));
  });
});
