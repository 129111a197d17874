import { describe, expect, it } from "vitest";
import { captureImage, planCapture } from "../../../src/template/capture-image.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("capture", ["templates"]);
const templates = own.other("templates");

/** A disk with some data, whose first object was written after its only snapshot. */
async function disk(name: string, cloned = false): Promise<string> {
  const spec = `${own.pool}/${name}`;
  if (cloned) {
    const base = await own.written(`${spec}-base`, "8M", { total: "2M", size: "64K" });
    await own.protectedSnapshot(`${base}@snap`);
    await own.rbd("clone", `${base}@snap`, spec);
  } else {
    await own.rbd("create", "--size", "8M", spec);
  }
  await own.write(spec, { total: "1M", size: "128K", pattern: "rand" });
  return spec;
}

describe("captureImage", () => {
  it("ends where Nova's own sequence of commands ends, in the same pool and another one", async () => {
    const { pool, witness, cluster } = own;
    const source = await disk("vm", true);
    for (const place of [pool, templates]) {
      const [ours, theirs] = [`${place}/ours`, `${place}/theirs`];
      await witness.rbd("snap", "create", "--no-progress", `${source}@temporary`);
      await witness.rbd("snap", "protect", `${source}@temporary`);
      await witness.rbd("clone", `${source}@temporary`, theirs);
      await witness.rbd("flatten", "--no-progress", theirs);
      await witness.rbd("snap", "unprotect", `${source}@temporary`);
      await witness.rbd("snap", "rm", "--no-progress", `${source}@temporary`);
      await witness.rbd("snap", "create", "--no-progress", `${theirs}@snap`);
      await witness.rbd("snap", "protect", `${theirs}@snap`);

      const result = await captureImage(cluster, { source, target: ours });
      expect(result).toMatchObject({ reused: false, unchanged: true, size: 8 * 1024 ** 2 });
      expect(result.url).toBe(`rbd://${cluster.fsid}/${place}/ours/snap`);
      await expectAlike(witness, ours, theirs);
      expect(await witness.json("snap", "ls", "--all", source)).toEqual([]);
    }
  });

  it("uses a snapshot that holds the current state, and leaves it as it was", async () => {
    const { witness, cluster, pool } = own;
    const source = await disk("unchanged");
    await witness.rbd("snap", "create", "--no-progress", `${source}@kept`);
    const before = await witness.json("snap", "ls", source);
    const result = await captureImage(cluster, { source, target: `${pool}/from-kept` });
    expect(result).toMatchObject({ reused: true, unchanged: true, source: { snapshot: "kept" } });
    expect(await witness.json("snap", "ls", source)).toEqual(before);
    expect(await witness.md5(`${pool}/from-kept@snap`)).toBe(await witness.md5(source));
  });

  it("reports every step in order, and plans the same steps", async () => {
    const { cluster, pool } = own;
    const source = await disk("progress", true);
    const options = { source, target: `${pool}/progressed`, cloneFormat: 1 as const };
    const plan = await planCapture(cluster, options);
    const seen: string[] = [];
    await captureImage(cluster, {
      ...options,
      onProgress: ({ phase, step, steps, done, total }) => {
        expect(steps).toBe(plan.phases.length);
        expect(phase).toBe(plan.phases[step - 1]);
        if (seen.at(-1) !== phase) seen.push(phase);
        if (total > 0) expect(done).toBeLessThanOrEqual(total);
      },
    });
    expect(seen).toEqual([
      "snapshot",
      "clone",
      "flatten",
      "release",
      "template-snapshot",
      "template-protect",
    ]);
    expect(seen).toEqual(plan.phases);
  });

  it.each([
    ["no such disk", "NOT_FOUND", { source: "disk-that-is-not" }],
    ["a template that is there", "EXISTS", { target: "taken" }],
    ["a bad name", "INVALID_NAME", { snapshotName: "a@b" }],
  ])("refuses %s before anything is changed", async (_, code, wrong: Record<string, string>) => {
    const { cluster, pool, witness } = own;
    if (wrong.target !== undefined) await witness.rbd("create", "--size", "1M", `${pool}/${wrong.target}`);
    const source =
      wrong.source === undefined ? await disk(`refused-${code.toLowerCase()}`) : `${pool}/${wrong.source}`;
    const phases: string[] = [];
    const onProgress = ({ phase }: { phase: string }) => void phases.push(phase);
    const target = `${pool}/${wrong.target ?? "never"}`;
    const options = { source, target, onProgress, ...("snapshotName" in wrong ? wrong : {}) };
    await expect(captureImage(cluster, options)).rejects.toMatchObject({ code });
    expect(phases).toEqual([]);
  });

  it("undoes everything when it is aborted while it flattens", async () => {
    const { cluster, pool } = own;
    const source = await disk("aborted", true);
    const before = await own.look(pool, templates);
    const abort = new AbortController();
    const capturing = captureImage(cluster, {
      source,
      target: `${templates}/aborted`,
      signal: abort.signal,
      onProgress: ({ phase }) => {
        if (phase === "flatten") abort.abort(new Error("enough"));
      },
    });
    await expect(capturing).rejects.toThrow("enough");
    expect(await own.look(pool, templates)).toEqual(before);
  });
});
