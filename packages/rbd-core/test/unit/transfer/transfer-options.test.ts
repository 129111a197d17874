import { describe, expect, it } from "vitest";
import { RateMeter } from "../../../src/transfer/transfer-options.ts";

describe("RateMeter", () => {
  it("tells nothing until some time has passed, then bytes a second", () => {
    let now = 1000;
    const meter = new RateMeter(() => now);
    expect(meter.update(0)).toBeNull();
    now += 125;
    expect(meter.update(1000)).toBeNull();
    now += 125;
    expect(meter.update(2000)).toBe(8000);
  });

  it("keeps a steady rate, whatever the steps", () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    meter.update(0);
    for (const step of [250, 30, 500, 1000, 7, 250]) {
      now += step;
      meter.update(now * 3);
    }
    expect(meter.update(now * 3)).toBeCloseTo(3000);
  });

  it("comes down to nothing within some seconds when nothing comes any more, without a jump", () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    meter.update(0);
    now = 1000;
    meter.update(1_000_000);
    now += 300;
    expect(meter.update(1_000_000)).toBeGreaterThan(900_000);
    now += 30_000;
    expect(meter.update(1_000_000)).toBeLessThan(5000);
  });

  it("counts no progress when the count goes back", () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    now = 1000;
    expect(meter.update(10)).toBe(10);
    now = 2000;
    expect(meter.update(0)).toBeLessThan(10);
    expect(meter.update(0)).toBeGreaterThanOrEqual(0);
  });
});
