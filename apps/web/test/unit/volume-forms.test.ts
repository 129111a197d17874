import { describe, expect, test } from "vitest";
import { nameFrom } from "#features/volumes/import-form.tsx";
import { parseSize, writeSize } from "#features/volumes/size.ts";

describe("a size", () => {
  test.each<[string, number | null]>([
    ["10 GiB", 10 * 1024 ** 3],
    ["10G", 10 * 1024 ** 3],
    ["1.5t", 1.5 * 1024 ** 4],
    [" 512 mb ", 512 * 1024 ** 2],
    ["4,096", 4096],
    ["4096 B", 4096],
    ["0", null],
    ["0.3 B", null],
    ["-1 G", null],
    ["ten", null],
    ["", null],
    ["9999999 P", null],
  ])("%j is %s bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([1, 1023, 4096, 1500 * 1024 ** 2, 10 * 1024 ** 3, 2 ** 50, 1024 ** 3 + 512])(
    "of %d bytes is read back as it was written",
    (bytes) => {
      expect(parseSize(writeSize(bytes))).toBe(bytes);
    },
  );
});

test.each([
  ["debian-12.qcow2", "debian-12"],
  ["disk.img", "disk"],
  ["my disk@home.raw", "my-disk-home"],
  ["plain", "plain"],
])("the file %s suggests the name %s", (file, name) => {
  expect(nameFrom(file)).toBe(name);
});
