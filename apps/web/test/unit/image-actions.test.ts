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
const monday = { id: "4", name: "monday", kind: "user", protected: false } as const;
const openDialog = vi.fn();
const setProtection = vi.fn();
const goTo = vi.fn();

function offered(target: ActionTarget, mayOperate = true, path = "/images/") {
  return offerActions(target, { links, openDialog, setProtection, mayOperate, path, goTo });
}
const ids = (target: ActionTarget, mayOperate?: boolean) => offered(target, mayOperate).map(({ id }) => id);
const action = (target: ActionTarget, id: string) => offered(target).find((each) => each.id === id);

describe("offerActions", () => {
  test("offers an operator what applies to the image, in the order of the registry", () =>
    expect(ids(broken)).toEqual([
      "open",
      "reconcile",
      "clone",
      "resize",
      "rename",
      "flatten",
      "capture",
      "copy",
      "export",
      "create-snapshot",
      "back-up",
      "lineage",
      "copy-name",
      "move-to-trash",
      "delete",
    ]));

  test("offers an image in the trash to be restored and deleted, not to be moved there", () => {
    const inTrash = ids({ ...image, inTrash: true });
    expect(inTrash).toContain("restore");
    expect(inTrash).not.toContain("move-to-trash");
    expect(action({ ...image, inTrash: true }, "delete")?.label).toBe("Delete for good…");
    expect(action({ ...image, inTrash: true }, "create-snapshot")?.disabledReason).toMatch(
      /Restore it first/,
    );
  });

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

  test("offers for a snapshot only what applies to snapshots", () => {
    expect(ids({ ...image, snapshot: monday })).toEqual([
      "clone",
      "capture",
      "export",
      "rollback",
      "rename-snapshot",
      "protect",
      "copy-name",
      "delete",
    ]);
    const guarded = { ...image, snapshot: { ...monday, protected: true } };
    expect(ids(guarded)).toContain("unprotect");
    expect(ids(guarded)).not.toContain("protect");
    action(guarded, "unprotect")?.run();
    expect(setProtection).toHaveBeenLastCalledWith("rbd/vm-1", "monday", false);
    const mirrored = { ...image, snapshot: { ...monday, kind: "mirror" } } as const;
    expect(action(mirrored, "rollback")?.disabledReason).toMatch(/user snapshots/);
  });

  test("offers to remove a template on the snapshot that makes it one", () =>
    expect(ids({ ...image, snapshot: { ...monday, name: "snap" } })).toContain("remove-template"));

  test("offers to flatten clones alone", () => {
    expect(ids({ ...image, depth: 0 })).not.toContain("flatten");
    expect(ids({ ...image, depth: 1 })).toContain("flatten");
  });

  test("changes nothing of an image that something else works on", () => {
    const busy: ActionTarget = {
      ...image,
      operation: { kind: "flatten", purpose: "flatten", state: "running" },
    };
    expect(action(image, "resize")?.disabledReason).toBeNull();
    for (const id of ["resize", "rename", "flatten", "copy"]) {
      expect(action(busy, id)?.disabledReason).toMatch(/Another operation/);
    }
  });

  test("leaves out a link to the page in view", () => {
    const onPage = (path: string) => offered(image, true, path).map(({ id }) => id);
    expect(onPage("/image/")).not.toContain("open");
    expect(onPage("/image/")).toContain("lineage");
    expect(onPage("/lineage/")).toContain("open");
    expect(onPage("/lineage/")).not.toContain("lineage");
  });

  test("says why an image cannot be cloned", () => {
    const reason = (target: ActionTarget) => action(target, "clone")?.disabledReason;
    expect(reason(image)).toBeNull();
    expect(reason({ ...image, inTrash: true })).toMatch(/trash/);
    expect(reason({ ...image, state: "unreadable" })).toMatch(/could not be read/);
    expect(reason({ ...image, snapshot: { ...monday, kind: "mirror" } })).toMatch(/user snapshots/);
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
    const snapshot = { ...image, snapshot: monday };
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
