import { describe, expect, it } from "vitest";
import { forestPlan, specOf } from "../../src/forest-plan.ts";
import { fillPseudoRandom } from "../../src/plant-image.ts";

const mib = 1024 * 1024;
const steps = forestPlan.images.flatMap((image) => image.steps);

describe("the demonstration forest", () => {
  it("names every image once, in pools and namespaces that are made", () => {
    const specs = forestPlan.images.map(specOf);
    expect(new Set(specs).size).toBe(specs.length);
    const places = new Set(["/", ...forestPlan.namespaces.map(({ pool, name }) => `${pool}/${name}`)]);
    for (const { pool, namespace, dataPool } of forestPlan.images) {
      expect(forestPlan.pools).toContain(pool);
      if (namespace !== "") expect(places).toContain(`${pool}/${namespace}`);
      if (dataPool !== undefined) expect(forestPlan.pools).toContain(dataPool);
    }
  });

  it("plants parents, with the snapshot, before their clones", () => {
    const planted = new Set<string>();
    for (const image of forestPlan.images) {
      if (image.cloneOf !== undefined) expect(planted).toContain(image.cloneOf);
      for (const step of image.steps)
        if (step.do === "snapshot") planted.add(`${specOf(image)}@${step.name}`);
    }
  });

  it("stays small", () => {
    const total = steps.reduce((sum, step) => sum + (step.do === "write" ? step.mib : 0), 0);
    expect(total).toBeGreaterThan(200);
    expect(total).toBeLessThan(400);
  });

  it("writes within each image", () => {
    const sizes = new Map<string, number>();
    for (const image of forestPlan.images) {
      const parent = image.cloneOf?.split("@")[0] ?? "";
      const gib = image.gib ?? sizes.get(parent) ?? 0;
      sizes.set(specOf(image), gib);
      for (const step of image.steps) {
        if (step.do === "write") expect((step.at + 2 * step.mib) / 1024).toBeLessThan(gib);
      }
    }
  });
});

describe("fillPseudoRandom", () => {
  it("gives the same bytes for the same seed, and others for another", () => {
    const fill = (seed: number) => {
      const data = new Uint32Array(mib / 4);
      fillPseudoRandom(data, seed);
      return Buffer.from(data.buffer);
    };
    expect(fill(7).equals(fill(7))).toBe(true);
    expect(fill(7).equals(fill(8))).toBe(false);
    // Bytes of every value about equally often: nothing that compresses away.
    const counts = new Uint32Array(256);
    for (const byte of fill(7)) counts[byte] = (counts[byte] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(3500);
    expect(Math.max(...counts)).toBeLessThan(4700);
  });
});
