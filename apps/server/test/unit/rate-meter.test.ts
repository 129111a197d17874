import { expect, test } from "vitest";
import { RateMeter } from "../../src/tasks/running-task.ts";

test("a steady rate is shown unchanged", () => {
  const meter = new RateMeter(0);
  expect(meter.rate).toBeNull();
  for (let second = 1; second <= 10; second++) meter.update(second * 1000, second * 50);
  expect(meter.rate).toBeCloseTo(50);
});

test("an outlier changes the rate a little, and fades", () => {
  const meter = new RateMeter(0);
  meter.update(1000, 100);
  meter.update(2000, 100);
  expect(meter.rate).toBeGreaterThan(70);
  for (let second = 3; second <= 30; second++) meter.update(second * 1000, (second - 1) * 100);
  expect(meter.rate).toBeCloseTo(100, 0);
});

test("steps in quick succession count as one, and going back is not a negative rate", () => {
  const meter = new RateMeter(0);
  meter.update(10, 1);
  expect(meter.rate).toBeNull();
  meter.update(1000, 10);
  expect(meter.rate).toBe(10);
  meter.update(2000, 0);
  expect(meter.rate).toBeGreaterThanOrEqual(0);
});
