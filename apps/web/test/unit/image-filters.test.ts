import { expect, test } from "vitest";
import { parsePoolFilter, poolOptions } from "#features/images/image-filters.tsx";

test("the filter names a pool, its default namespace, or a namespace", () => {
  expect(parsePoolFilter("")).toEqual({});
  expect(parsePoolFilter("rbd")).toEqual({ pool: "rbd" });
  expect(parsePoolFilter("rbd/")).toEqual({ pool: "rbd", namespace: "" });
  expect(parsePoolFilter("rbd/tenant")).toEqual({ pool: "rbd", namespace: "tenant" });
});

test("a pool without namespaces is one option; a pool with namespaces is one option for each", () => {
  const options = poolOptions([
    { id: 1, name: "images", namespaces: [], images: 1200 },
    { id: 2, name: "rbd", namespaces: ["a", "b"], images: 3 },
  ]);
  expect(options.map(({ value }) => value)).toEqual(["", "images", "rbd", "rbd/", "rbd/a", "rbd/b"]);
  expect(options[1]?.note).toBe("1,200");
});
