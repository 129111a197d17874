import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, CLUSTER, isTaskEnd, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();
const space = `mirrored-${randomUUID().slice(0, 8)}`;
const source = `rbd/${space}/disk`;
const mirror = `rbd/${space}/disk-mirror`;
const chosen = { cluster: CLUSTER, to: CLUSTER, mirror };

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  data = await temporaryDir();
  server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  browser = await Browser.open((await server.ready()).url);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

/** Waits for a task that was queued. */
async function done(queue: () => Promise<{ taskId: string }>) {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const { taskId } = await queue();
  await until(messages, isTaskEnd);
  await messages.return(undefined);
  return browser.trpc.tasks.get.query({ id: taskId });
}

const xml = `<domainsnapshot>
  <name>move</name>
  <disks>
    <disk name='vda' snapshot='external' type='network'>
      <source protocol='rbd' name='${source}'/><mirror protocol='rbd' name='${mirror}'/>
    </disk>
    <disk name='vdb' snapshot='no'/>
  </disks>
</domainsnapshot>`;

test("libvirt's XML is explained, and a mirror is started, synchronised, pivoted to and confirmed by tasks", {
  timeout: 120_000,
}, async () => {
  const { trpc } = browser;
  await rbd(conf, "create", source, "--size", "256K");
  await rbd(conf, "bench", source, "--io-type", "write", "--io-size", "4K", "--io-total", "64K");
  const input = {
    cluster: CLUSTER,
    to: CLUSTER,
    pool: "rbd",
    namespace: space,
    request: { kind: "xml", xml },
  } as const;
  await expect(
    trpc.mirrors.plan.mutate({ ...input, request: { kind: "xml", xml: xml.replace("'external'", "'no'") } }),
  ).rejects.toThrow("requires an external snapshot");
  const plan = { mirror, label: "move", ignored: ["vdb"] };
  const disk = { name: "vda", source, mirror, size: 2 ** 18 };
  expect(await trpc.mirrors.plan.mutate(input)).toEqual({ ...plan, disks: [{ ...disk, problem: null }] });

  expect(await done(() => trpc.mirrors.start.mutate(input))).toMatchObject({
    state: "succeeded",
    title: `Start the mirror ${mirror}`,
    result: { did: "start", target: mirror },
  });
  const [row] = (await trpc.mirrors.list.query({ cluster: CLUSTER })).rows.filter(
    (each) => each.mirror === mirror,
  );
  expect(row).toMatchObject({
    state: "mirroring",
    cluster: CLUSTER,
    label: "move",
    isBehind: false,
    driver: null,
  });
  expect(row?.lagSeconds).toBeGreaterThanOrEqual(0);
  expect((await trpc.mirrors.plan.mutate(input)).disks[0]?.problem).toMatchObject({ code: "EXISTS" });

  await rbd(conf, "bench", source, "--io-type", "write", "--io-size", "4K", "--io-total", "64K");
  const synced = await done(() => trpc.mirrors.drive.mutate({ ...chosen, do: "sync" }));
  expect(synced).toMatchObject({ state: "succeeded", result: { did: "sync", kept: [] } });
  const pivoted = await done(() => trpc.mirrors.drive.mutate({ ...chosen, do: "pivot" }));
  expect(pivoted).toMatchObject({ state: "succeeded", result: { did: "pivot" } });
  const contents = (spec: string) => rbd(conf, "export", "--no-progress", spec, "-");
  expect(await contents(mirror)).toEqual(await contents(source));
  // The machine may use the mirror by now.
  expect(await done(() => trpc.mirrors.drive.mutate({ ...chosen, do: "abort" }))).toMatchObject({
    state: "failed",
    error: { code: "INVALID_ARGUMENT" },
  });
  expect(await done(() => trpc.mirrors.confirm.mutate({ ...chosen, sources: "trash" }))).toMatchObject({
    state: "succeeded",
    result: { did: "confirm", kept: [] },
  });
  expect(await rbdJson<string[]>(conf, "ls", `rbd/${space}`)).toEqual(["disk-mirror"]);
  expect(await rbdJson<unknown[]>(conf, "snap", "ls", mirror)).toEqual([]);
});
