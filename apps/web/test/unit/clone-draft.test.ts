import { expect, test } from "vitest";
import { draftFrom, toCloneInput } from "#features/clone/clone-draft.ts";

test("a preset source fills image, snapshot and pool", () => {
  expect(draftFrom("rbd/tenant/vm-1@monday")).toEqual({
    image: "rbd/tenant/vm-1",
    snapshot: "monday",
    poolSpec: "rbd/tenant",
    name: "",
  });
  expect(draftFrom("rbd/vm-1")).toEqual({ image: "rbd/vm-1", snapshot: "", poolSpec: "rbd", name: "" });
});

test("without a source, or with an invalid one, the form starts empty", () => {
  const empty = { image: "", snapshot: "", poolSpec: "", name: "" };
  expect(draftFrom(undefined)).toEqual(empty);
  expect(draftFrom("vm-1")).toEqual(empty);
});

test("a complete form yields source and target", () => {
  const draft = { ...draftFrom("rbd/vm-1@monday"), name: "vm-2" };
  expect(toCloneInput(draft)).toEqual({ source: "rbd/vm-1@monday", target: "rbd/vm-2" });
  expect(toCloneInput({ ...draft, snapshot: "" })).toEqual({ source: "rbd/vm-1", target: "rbd/vm-2" });
});

test("an incomplete form yields null", () => {
  expect(toCloneInput(draftFrom("rbd/vm-1"))).toBeNull();
  expect(toCloneInput({ ...draftFrom("rbd/vm-1"), name: "a/b" })).toBeNull();
  expect(toCloneInput({ ...draftFrom(undefined), name: "vm-2" })).toBeNull();
});
