import { describe, expect, test } from "vitest";
import { exactBytes, formatBytes, formatRate } from "#lib/format/bytes.ts";

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [4 * 2 ** 20, "4 MiB"],
    [10 * 2 ** 30, "10 GiB"],
    [12.34 * 2 ** 30, "12.3 GiB"],
    [123.4 * 2 ** 30, "123 GiB"],
    [2 ** 40, "1 TiB"],
    [2 ** 53, "8 PiB"],
    [-1536, "−1.5 KiB"],
  ])("%d is %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test("never shows 1024 of a unit", () => {
    expect(formatBytes(2 ** 30 - 1)).toBe("1 GiB");
    expect(formatBytes(1023.6 * 1024)).toBe("1 MiB");
    expect(formatBytes(1023.4 * 1024)).toBe("1023 KiB");
  });

  test("an unknown size is a dash", () => expect(formatBytes(Number.NaN)).toBe("–"));
});

test("exactBytes groups the full number", () => {
  expect(exactBytes(1_610_612_736)).toBe("1,610,612,736 bytes");
  expect(exactBytes(1)).toBe("1 byte");
});

test("formatRate is bytes per second", () => expect(formatRate(84.25 * 2 ** 20)).toBe("84.3 MiB/s"));
