import { expect, test } from "vitest";
import { parseSpecPlace, placeOptions } from "#features/images/image-filters.tsx";

test("the filter names a pool, its default namespace, or a namespace", () => {
  expect(parseSpecPlace("")).toEqual({});
  expect(parseSpecPlace("rbd")).toEqual({ pool: "rbd" });
  expect(parseSpecPlace("rbd/")).toEqual({ pool: "rbd", namespace: "" });
  expect(parseSpecPlace("rbd/tenant")).toEqual({ pool: "rbd", namespace: "tenant" });
});

test("a pool without namespaces is one option; a pool with namespaces is one option for each", () => {
  const options = placeOptions([
    { id: 1, name: "images", namespaces: [], images: 1200 },
    { id: 2, name: "rbd", namespaces: ["a", "b"], images: 3 },
  ]);
  expect(options.map(({ value }) => value)).toEqual(["", "images", "rbd", "rbd/", "rbd/a", "rbd/b"]);
  expect(options[1]?.note).toBe("1,200");
});
