import { expect, test } from "vitest";
import { linksOf, objectLink, safeNextPath } from "#lib/links.ts";

const links = linksOf("ceph");

test("every link names the cluster, keeps slashes readable and escapes the rest", () => {
  expect(links.overview()).toBe("/?cluster=ceph");
  expect(links.image("rbd/tenant/vm 1")).toBe("/image/?cluster=ceph&spec=rbd/tenant/vm%201");
  expect(links.image("rbd/a&b", "family")).toBe("/image/?cluster=ceph&spec=rbd/a%26b&tab=family");
  expect(links.lineage("rbd/vm#1")).toBe("/lineage/?cluster=ceph&focus=rbd/vm%231");
  expect(links.images({ kind: "problems" })).toBe("/images/?cluster=ceph&kind=problems");
  expect(links.task("42")).toBe("/task/?cluster=ceph&id=42");
});

test("the object of a task is linked by its fields, on its own cluster", () => {
  const image = {
    kind: "image",
    cluster: "west",
    spec: "-",
    pool: "rbd",
    namespace: "a",
    image: "vm",
  } as const;
  expect(objectLink(image)).toBe("/image/?cluster=west&spec=rbd/a/vm");
  expect(objectLink({ ...image, kind: "snapshot", namespace: "", snapshot: "monday" })).toBe(
    "/image/?cluster=west&spec=rbd/vm&tab=snapshots",
  );
  expect(objectLink({ kind: "pool", cluster: "west", spec: "rbd", pool: "rbd" })).toBe(
    "/images/?cluster=west&pool=rbd",
  );
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
