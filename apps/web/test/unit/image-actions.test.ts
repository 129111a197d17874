import { describe, expect, test, vi } from "vitest";
import {
  type ActionTarget,
  CloneDialog,
  IMAGE_ACTIONS,
  offerActions,
  ReconcileDialog,
} from "#features/actions/image-actions.ts";
import { linksOf } from "#lib/links.ts";

const links = linksOf("ceph");
const image: ActionTarget = { key: "rbd//1", spec: "rbd/vm-1", state: "ok", inTrash: false, operation: null };
const broken: ActionTarget = {
  ...image,
  operation: { kind: "clone", purpose: "make", state: "interrupted" },
};
const openDialog = vi.fn();
const goTo = vi.fn();

function offered(target: ActionTarget, mayOperate = true, path = "/images/") {
  return offerActions(target, { links, openDialog, mayOperate, path, goTo });
}
const ids = (target: ActionTarget, mayOperate?: boolean) => offered(target, mayOperate).map(({ id }) => id);
const action = (target: ActionTarget, id: string) => offered(target).find((each) => each.id === id);

describe("offerActions", () => {
  test("offers every action to an operator, in the order of the registry", () =>
    expect(ids(broken)).toEqual(IMAGE_ACTIONS.map(({ id }) => id)));

  test("offers to finish or undo only what was interrupted, to those who may", () => {
    expect(ids(image)).not.toContain("reconcile");
    expect(ids(broken, false)).not.toContain("reconcile");
    const running: ActionTarget = {
      ...image,
      operation: { kind: "clone", purpose: "make", state: "running" },
    };
    expect(ids(running)).not.toContain("reconcile");
    action(broken, "reconcile")?.run();
    expect(openDialog).toHaveBeenLastCalledWith(ReconcileDialog, {
      work: { image: "rbd/vm-1", operation: broken.operation },
    });
    expect(action(broken, "clone")?.disabledReason).toMatch(/not complete/);
    expect(action(running, "clone")?.disabledReason).toMatch(/still being made/);
  });

  test("leaves out what the role of a viewer does not allow", () =>
    expect(ids(image, false)).toEqual(["open", "lineage", "copy-name"]));

  test("offers for a snapshot only what applies to snapshots", () =>
    expect(ids({ ...image, snapshot: { name: "monday", kind: "user" } })).toEqual(["clone", "copy-name"]));

  test("leaves out a link to the page in view", () => {
    const onPage = (path: string) => offered(image, true, path).map(({ id }) => id);
    expect(onPage("/image/")).toEqual(["clone", "back-up", "lineage", "copy-name"]);
    expect(onPage("/lineage/")).toEqual(["open", "clone", "back-up", "copy-name"]);
  });

  test("says why an image cannot be cloned", () => {
    const reason = (target: ActionTarget) => action(target, "clone")?.disabledReason;
    expect(reason(image)).toBeNull();
    expect(reason({ ...image, inTrash: true })).toMatch(/trash/);
    expect(reason({ ...image, state: "unreadable" })).toMatch(/could not be read/);
    expect(reason({ ...image, snapshot: { name: "m", kind: "mirror" } })).toMatch(/user snapshots/);
  });

  test("a link action has an address and goes there", () => {
    expect(action(image, "open")?.href).toBe(links.image("rbd/vm-1"));
    expect(action({ ...image, inTrash: true }, "open")?.href).toBe(links.image("rbd//1"));
    action(image, "lineage")?.run();
    expect(goTo).toHaveBeenCalledWith(links.lineage("rbd/vm-1"));
  });

  test("cloning opens the dialog for the image or for the snapshot", () => {
    action(image, "clone")?.run();
    expect(openDialog).toHaveBeenLastCalledWith(CloneDialog, { source: "rbd/vm-1" });
    const snapshot = { ...image, snapshot: { name: "monday", kind: "user" } } as const;
    action(snapshot, "clone")?.run();
    expect(openDialog).toHaveBeenLastCalledWith(CloneDialog, { source: "rbd/vm-1@monday" });
    expect(action(snapshot, "clone")?.name).toBe("Clone from snapshot monday");
  });
});

test("no two actions share an id or a key", () => {
  const keys = IMAGE_ACTIONS.flatMap(({ key }) => key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(IMAGE_ACTIONS.map(({ id }) => id)).size).toBe(IMAGE_ACTIONS.length);
});
