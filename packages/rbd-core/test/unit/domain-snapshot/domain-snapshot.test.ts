import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  completeDisks,
  type DiskSnapshot,
  type DomainSnapshot,
  formatDomainSnapshot,
  parseDomainSnapshot,
} from "../../../src/domain-snapshot/index.ts";
import { anySnapshot, asData, errorOf, mirrorRequest, mirrorSnapshot } from "./support.ts";

const parse = (xml: string | Uint8Array) => parseDomainSnapshot(xml, { allowMirror: true });
const withDisk = (disk: string) => `<domainsnapshot><disks>${disk}</disks></domainsnapshot>`;
const diskOf = (xml: string) => parse(withDisk(xml)).disks[0];

describe("libvirt's own documents", () => {
  it("a snapshot with mirrors is read", () => {
    expect(parse(mirrorSnapshot)).toMatchObject({
      name: "before the upgrade",
      description: "100 % safe, #7",
      state: "disk-snapshot",
      creationTime: 1763769600,
      disks: [
        {
          name: "vda",
          snapshot: "external",
          driverType: "qcow2",
          source: { type: "file", file: "/images/root-1.before" },
          mirror: { type: "file", file: "/mirrors/root-1" },
        },
        {
          name: "vdb",
          snapshot: "external",
          driverType: "qcow2",
          source: { type: "file", file: "/images/data-1.before" },
          mirror: { type: "file", file: "/mirrors/data-1" },
        },
      ],
    });
  });

  it("a snapshot with mirrors is the same document after reading and writing it", () => {
    expect(asData(formatDomainSnapshot(parse(mirrorSnapshot)))).toEqual(asData(mirrorSnapshot));
  });

  it("a request is the same document, with the external snapshot that a mirror means written out", () => {
    const explicit = mirrorRequest.replace("<disk name='vdb'>", "<disk name='vdb' snapshot='external'>");
    expect(explicit).not.toBe(mirrorRequest);
    expect(asData(formatDomainSnapshot(parse(mirrorRequest)))).toEqual(asData(explicit));
    expect(formatDomainSnapshot(parse(explicit))).toBe(explicit);
  });

  it("a request becomes the snapshot once its disks are complete", () => {
    const { state, creationTime, domain } = parse(mirrorSnapshot);
    const completed = completeDisks(
      { ...parse(mirrorRequest), state, creationTime, domain },
      { generateSource: () => ({ type: "file", file: "/images/data-1.before" }) },
    );
    expect(asData(formatDomainSnapshot(completed))).toEqual(asData(mirrorSnapshot));
  });

  it("the embedded domain is kept to the letter", () => {
    const domain = `<domain type="kvm"  xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
      <!-- kept --><name>a &#38; b</name><qemu:commandline><qemu:arg value="-x"/></qemu:commandline>
      <description><![CDATA[ <b> ]]>😀</description>
    </domain>`;
    const xml = `<domainsnapshot><name>😀</name>${domain}</domainsnapshot>`;
    expect(parse(xml).domain).toBe(domain);
    expect(formatDomainSnapshot(parse(xml))).toContain(domain);
  });
});

describe("the rules of mirrors", () => {
  it.each(["<mirror/>", "<mirror protocol='rbd'/>", "<mirror><host name='a'/></mirror>"])(
    "%s names nothing",
    (mirror) => {
      const error = errorOf(() => diskOf(`<disk name='vdb' snapshot='external'>${mirror}</disk>`));
      expect(error).toMatchObject({ code: "MIRROR_WITHOUT_NAME", disk: "vdb" });
      expect(error?.message).toContain('"vdb"');
    },
  );

  it.each(["no", "internal", "manual"])("needs an external snapshot, not %s", (snapshot) => {
    const error = errorOf(() => diskOf(`<disk name='vdb' snapshot='${snapshot}'><mirror file='/m'/></disk>`));
    expect(error).toMatchObject({ code: "MIRROR_NOT_EXTERNAL", disk: "vdb" });
    const disk: DiskSnapshot = { name: "vdc", snapshot: "no", mirror: { type: "file", file: "/m" } };
    expect(errorOf(() => formatDomainSnapshot({ disks: [disk] }))).toMatchObject({
      code: "MIRROR_NOT_EXTERNAL",
      disk: "vdc",
    });
  });

  it.each([{}, { allowMirror: false }])("is refused unless it is allowed: %o", (options) => {
    const error = errorOf(() => parseDomainSnapshot(mirrorRequest, options));
    expect(error).toMatchObject({ code: "MIRROR_NOT_ALLOWED", disk: "vda", line: 7 });
  });

  it("alone it makes the snapshot external", () => {
    expect(diskOf("<disk name='vda'><mirror file='/m'/></disk>")).toEqual({
      name: "vda",
      snapshot: "external",
      mirror: { type: "file", file: "/m" },
    });
    expect(diskOf("<disk name='vda'/>")?.snapshot).toBeUndefined();
    expect(diskOf("<disk name='vda'><source/></disk>")?.snapshot).toBeUndefined();
    expect(diskOf("<disk name='vda'><driver type='qed'/></disk>")?.snapshot).toBe("external");
  });
});

describe("RBD images", () => {
  const disk = `<disk name='vda' snapshot='external' type='network'>
      <source protocol='rbd' name='vms/vm-1'>
        <host name='10.0.0.1' port='6789'/>
        <host name='mon-b'/>
        <config file='/etc/ceph/ceph.conf'/>
        <auth username='libvirt'>
          <secret type='ceph' uuid='3d5a5fe8-af8a-8739-f90f-ac54f21e1711'/>
        </auth>
      </source>
      <mirror protocol='rbd' name='fast/tenant/vm-1'/>
    </disk>`;

  it("are read and written with hosts, configuration and user", () => {
    expect(diskOf(disk)).toMatchObject({
      source: {
        type: "rbd",
        image: "vms/vm-1",
        hosts: [{ name: "10.0.0.1", port: 6789 }, { name: "mon-b" }],
        config: "/etc/ceph/ceph.conf",
        auth: { username: "libvirt", secret: { uuid: "3d5a5fe8-af8a-8739-f90f-ac54f21e1711" } },
      },
      mirror: { type: "rbd", image: "fast/tenant/vm-1", hosts: [] },
    });
    expect(asData(formatDomainSnapshot(parse(withDisk(disk))))).toEqual(asData(withDisk(disk)));
  });

  it.each([
    ["another protocol", "protocol='rbd' name='vms", "protocol='nbd' name='vms", "BAD_VALUE"],
    ["no pool", "name='vms/vm-1'", "name='vm-1'", "BAD_VALUE"],
    ["a snapshot", "name='vms/vm-1'", "name='vms/vm-1@monday'", "BAD_VALUE"],
    ["no name", "name='vms/vm-1'", "", "MISSING_VALUE"],
    ["a snapshot beside the name", "<host name='mon-b'/>", "<snapshot name='s'/>", "UNEXPECTED_CONTENT"],
    ["encryption", "<host name='mon-b'/>", "<encryption format='luks'/>", "UNEXPECTED_CONTENT"],
    ["a port that is none", "6789", "70000", "BAD_VALUE"],
    ["a port in words", "6789", "x", "BAD_VALUE"],
    ["a host that is none", "mon-b", "mon b", "BAD_VALUE"],
    ["a secret of iSCSI", "type='ceph'", "type='iscsi'", "BAD_VALUE"],
    ["a secret without a name", "uuid=", "x=", "UNEXPECTED_CONTENT"],
    ["two configurations", "<host name='mon-b'/>", "<config file='/x'/>", "DUPLICATE"],
  ])("with %s are refused, by disk name", (_, from, to, code) => {
    expect(disk).toContain(from);
    expect(errorOf(() => diskOf(disk.replace(from, to)))).toMatchObject({ code, disk: "vda" });
  });
});

describe("generated sources", () => {
  const domain = `<domain type='kvm'><devices>
    <disk type='file'><source file='/images/a.b/root.qcow2' index='2'/><target dev='vda'/></disk>
    <disk type='network'>
      <auth username='old'><secret type='ceph' usage='client.old'/></auth>
      <source protocol='rbd' name='vms/vm-1' index='1'><host name='mon'/></source><target dev='vdb'/>
    </disk>
    <disk type='block'><source dev='/dev/sdx'/><target dev='vdc'/></disk>
    <disk type='network'><source protocol='rbd' name='vms/x'><encryption/></source><target dev='vdd'/></disk>
    <disk type='file' device='cdrom'><target dev='vde'/></disk>
  </devices></domain>`;
  const sourceOf = (name: string, more: Partial<DomainSnapshot> = {}) =>
    completeDisks({ name: "s1", disks: [{ name, snapshot: "external" }], domain, ...more }).disks[0];

  it("of a file has the snapshot's name as its suffix", () => {
    const file = { source: { type: "file", file: "/images/a.b/root.s1" }, driverType: "qcow2" };
    expect(sourceOf("vda")).toMatchObject(file);
    expect(sourceOf("/images/a.b/root.qcow2")).toMatchObject(file);
  });

  it("of an RBD image is that image, with its monitors and its user", () => {
    expect(sourceOf("vdb")).toEqual({
      name: "vdb",
      snapshot: "external",
      source: {
        type: "rbd",
        image: "vms/vm-1",
        hosts: [{ name: "mon" }],
        auth: { username: "old", secret: { usage: "client.old" } },
      },
    });
  });

  it("leave alone what is stated, and disks that are not external", () => {
    const disks: DiskSnapshot[] = [
      { name: "vda", snapshot: "external", driverType: "qed", source: { type: "file", file: "/x" } },
      { name: "vdz", snapshot: "no" },
      { name: "vdy" },
    ];
    expect(completeDisks({ disks })).toEqual({ disks });
  });

  it.each<[string, string, Partial<DomainSnapshot>, string]>([
    ["a block device", "vdc", {}, "NO_SOURCE"],
    ["a disk the domain does not have", "vdz", {}, "NO_SOURCE"],
    ["an empty drive", "vde", {}, "NO_SOURCE"],
    ["no domain", "vda", { domain: undefined }, "NO_SOURCE"],
    ["no name", "vda", { name: undefined }, "NO_SOURCE"],
    ["a name that gives the disk's own file", "vda", { name: "qcow2" }, "NO_SOURCE"],
    ["a name that leads elsewhere", "vda", { name: "/../../etc" }, "NO_SOURCE"],
    ["an encrypted image", "vdd", {}, "UNEXPECTED_CONTENT"],
  ])("are refused for %s", (_, name, more, code) => {
    expect(errorOf(() => sourceOf(name, more))).toMatchObject({ code, disk: name });
  });
});

it("a place is written to by one disk, and not by its mirror", () => {
  const one = { type: "rbd", image: "fast/vm-1", hosts: [] } as const;
  const elsewhere = { ...one, hosts: [{ name: "other-cluster" }] };
  const disk = (name: string, more: Partial<DiskSnapshot>): DiskSnapshot => ({
    name,
    snapshot: "external",
    ...more,
  });
  const write = (...disks: DiskSnapshot[]) => errorOf(() => formatDomainSnapshot({ disks }));
  expect(write(disk("vda", { mirror: one }), disk("vdb", { mirror: one }))).toMatchObject({
    code: "DUPLICATE",
    disk: "vdb",
  });
  expect(write(disk("vda", { source: one, mirror: one }))).toMatchObject({ code: "DUPLICATE", disk: "vda" });
  expect(write(disk("vda", { source: one, mirror: elsewhere }))).toBeUndefined();
  // Both files would become /images/root.s1.
  const domain = `<domain><devices>
    <disk><source file='/images/root.img'/><target dev='vda'/></disk>
    <disk><source file='/images/root.raw'/><target dev='vdb'/></disk>
  </devices></domain>`;
  const disks = [disk("vda", {}), disk("vdb", {})];
  expect(errorOf(() => completeDisks({ name: "s1", disks, domain }))).toMatchObject({
    code: "DUPLICATE",
    disk: "vdb",
  });
});

describe("a document is refused", () => {
  it.each([
    ["another element", "<domain/>", "UNEXPECTED_CONTENT"],
    ["an unknown element", "<domainsnapshot><revertDisks/></domainsnapshot>", "UNEXPECTED_CONTENT"],
    ["an unknown attribute", "<domainsnapshot a='1'/>", "UNEXPECTED_CONTENT"],
    ["a namespace", "<domainsnapshot xmlns='urn:x'/>", "UNEXPECTED_CONTENT"],
    ["text between elements", "<domainsnapshot>\u00a0</domainsnapshot>", "UNEXPECTED_CONTENT"],
    ["elements in a name", "<domainsnapshot><name><b/></name></domainsnapshot>", "UNEXPECTED_CONTENT"],
    ["two names", "<domainsnapshot><name>a</name><name>b</name></domainsnapshot>", "DUPLICATE"],
    ["an empty name", "<domainsnapshot><name/></domainsnapshot>", "BAD_VALUE"],
    ["an unknown state", "<domainsnapshot><state>x</state></domainsnapshot>", "BAD_VALUE"],
    ["a time in words", "<domainsnapshot><creationTime>now</creationTime></domainsnapshot>", "BAD_VALUE"],
    ["active as a word", "<domainsnapshot><active>yes</active></domainsnapshot>", "BAD_VALUE"],
    ["a parent without a name", "<domainsnapshot><parent/></domainsnapshot>", "MISSING_VALUE"],
    ["memory without a file", "<domainsnapshot><memory/></domainsnapshot>", "MISSING_VALUE"],
    ["memory elsewhere", "<domainsnapshot><memory file='x'/></domainsnapshot>", "BAD_VALUE"],
    [
      "internal memory in a file",
      "<domainsnapshot><memory snapshot='no' file='/x'/></domainsnapshot>",
      "SOURCE_NOT_EXTERNAL",
    ],
    ["a disk twice", withDisk("<disk name='vda'/><disk name='vda'/>"), "DUPLICATE"],
    ["two mirrors", withDisk("<disk name='a'><mirror file='/a'/><mirror file='/b'/></disk>"), "DUPLICATE"],
    ["a disk without a name", withDisk("<disk/>"), "MISSING_VALUE"],
    ["a block device", withDisk("<disk name='vda' type='block'/>"), "BAD_VALUE"],
    ["a network without a source", withDisk("<disk name='vda' type='network'/>"), "MISSING_VALUE"],
    ["a relative path", withDisk("<disk name='vda'><mirror file='m'/></disk>"), "BAD_VALUE"],
    [
      "a mirror of both kinds",
      withDisk("<disk name='vda'><mirror file='/m' name='a/b'/></disk>"),
      "UNEXPECTED_CONTENT",
    ],
    [
      "an internal source",
      withDisk("<disk name='vda' snapshot='no'><source file='/s'/></disk>"),
      "SOURCE_NOT_EXTERNAL",
    ],
    ["an unknown driver", withDisk("<disk name='vda'><driver type='raw'/></disk>"), "BAD_VALUE"],
    ["an unknown mode", withDisk("<disk name='vda' snapshot='maybe'/>"), "BAD_VALUE"],
  ])("with %s", (_, xml, code) => {
    expect(errorOf(() => parse(xml))?.code).toBe(code);
  });

  it.each<[string, Partial<DomainSnapshot>, string]>([
    ["a control character", { name: "\u0000" }, "BAD_VALUE"],
    ["half of a surrogate pair", { description: "\ud800" }, "BAD_VALUE"],
    ["a broken time", { creationTime: Number.NaN }, "BAD_VALUE"],
    ["a domain that is two elements", { domain: "<domain/><disks/>" }, "NOT_XML"],
    ["a domain that is another element", { domain: "<disks/>" }, "UNEXPECTED_CONTENT"],
    ["a domain beyond the limit", { domain: `<domain>${"x".repeat(2 ** 20)}</domain>` }, "TOO_LARGE"],
  ])("before it is written, with %s", (_, more, code) => {
    expect(errorOf(() => formatDomainSnapshot({ disks: [], ...more }))?.code).toBe(code);
  });
});

it("whatever is written reads back the same", () => {
  fc.assert(
    fc.property(anySnapshot(), (snapshot) => {
      expect(parse(formatDomainSnapshot(snapshot))).toEqual(snapshot);
    }),
    { numRuns: 150 },
  );
});
