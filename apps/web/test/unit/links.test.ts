import { expect, test } from "vitest";
import { imageLink, lineageLink, safeNextPath, taskLink } from "#lib/links.ts";

test("links keep slashes readable and escape the rest", () => {
  expect(imageLink("rbd/tenant/vm 1")).toBe("/image/?spec=rbd/tenant/vm%201");
  expect(imageLink("rbd/a&b", "family")).toBe("/image/?spec=rbd/a%26b&tab=family");
  expect(lineageLink("rbd/vm#1")).toBe("/lineage/?focus=rbd/vm%231");
  expect(taskLink("42")).toBe("/task/?id=42");
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
