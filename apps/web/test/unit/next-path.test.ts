import { expect, test } from "vitest";
import { safeNextPath } from "#lib/next-path.ts";

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
