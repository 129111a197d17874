import { expect, test } from "vitest";
import { links, safeNextPath } from "#lib/links.ts";

test("links keep slashes readable and escape the rest", () => {
  expect(links.image("rbd/tenant/vm 1")).toBe("/image/?spec=rbd/tenant/vm%201");
  expect(links.image("rbd/a&b", "family")).toBe("/image/?spec=rbd/a%26b&tab=family");
  expect(links.lineage("rbd/vm#1")).toBe("/lineage/?focus=rbd/vm%231");
  expect(links.images({ kind: "problems" })).toBe("/images/?kind=problems");
  expect(links.task("42")).toBe("/task/?id=42");
});

test.each(["/", "/images/?kind=clones", "/image/?spec=rbd/vm-1&tab=snapshots"])("goes to %s", (path) =>
  expect(safeNextPath(path)).toBe(path),
);

test.each([
  null,
  undefined,
  "",
  "images",
  "//evil.example",
  "/\\evil.example",
  "https://evil.example",
  "/sign-in/",
  "/a\n/b",
])("refuses %o", (path) => expect(safeNextPath(path)).toBe("/"));
