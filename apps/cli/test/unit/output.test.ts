import { expect, test } from "vitest";
import { drawStrip } from "../../src/images.ts";
import { formatTable, showBytes, visible } from "../../src/output.ts";
import { parseTarget } from "../../src/session.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536 * 1024, "1.5 MiB"],
  [200 * 2 ** 30, "200 GiB"],
  [2 ** 53, "8.0 PiB"],
])("%d bytes are shown as %s", (bytes, text) => expect(showBytes(bytes)).toBe(text));

test("a table lines up by the width that a terminal shows, and ends lines without spaces", () => {
  const rows = [
    { name: "图像", size: 5 },
    { name: "a", size: 1000 },
  ];
  const table = formatTable(
    [
      { title: "NAME", value: ({ name }) => name },
      { title: "SIZE", value: ({ size }) => String(size), align: "right" },
    ],
    rows,
  );
  expect(table.split("\n")).toEqual(["NAME  SIZE", "图像     5", "a     1000"]);
});

test("a name cannot send control sequences to the terminal", () => {
  expect(visible("a\u001b[2Jb\u202ec")).toBe("a\\u001b[2Jb\\u202ec");
});

test("targets are a pool with or without a namespace, or a path", () => {
  expect(parseTarget("pool:backups")).toEqual({ kind: "pool", pool: "backups" });
  expect(parseTarget("pool:backups/team")).toEqual({ kind: "pool", pool: "backups", namespace: "team" });
  expect(parseTarget("./here")).toEqual({ kind: "directory", path: "./here" });
  for (const wrong of ["backups", "pool:", "pool:a/b/c", ""]) {
    expect(() => parseTarget(wrong)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
});

test("a strip is darker where more changed, and shows the smallest change", () => {
  const strip = new Array<number>(256).fill(0);
  strip[0] = 1;
  strip[255] = 1000;
  expect(drawStrip(strip)).toBe(`|░${" ".repeat(62)}█|`);
});
