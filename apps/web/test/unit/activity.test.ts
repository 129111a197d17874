import { expect, test } from "vitest";
import { concernsImage } from "#features/image/activity-tab.tsx";

const task = { title: "Clone rbd/vm-1@monday to rbd/vm-2" };

test("a task concerns the images in its title, with or without a snapshot", () => {
  expect(concernsImage(task, "rbd/vm-1")).toBe(true);
  expect(concernsImage(task, "rbd/vm-2")).toBe(true);
});

test("not one whose name only begins the same", () => {
  expect(concernsImage(task, "rbd/vm")).toBe(false);
  expect(concernsImage({ title: "Clone rbd/vm-10 to rbd/x" }, "rbd/vm-1")).toBe(false);
});

test("what it failed on counts", () => {
  const error = { code: "BUSY", message: "busy", hint: null, object: "rbd/vm-9@a" };
  expect(concernsImage({ title: "Clone", error }, "rbd/vm-9")).toBe(true);
});
