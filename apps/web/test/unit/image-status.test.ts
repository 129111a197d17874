import type { TaskSummary } from "@coppice/server/router";
import { expect, test } from "vitest";
import { statusesOf } from "#components/image-status.tsx";
import { attentionItems } from "#features/overview/attention.tsx";
import { linksOf } from "#lib/links.ts";

const image = { state: "ok", inTrash: false, marks: [], operation: null } as const;
const labels = (...args: Parameters<typeof statusesOf>) => statusesOf(...args).map(({ label }) => label);

test("the most severe status comes first", () => {
  expect(labels({ ...image, marks: ["flatten-candidate", "parent-in-trash"] })).toEqual([
    "Parent in trash",
    "Flatten candidate",
  ]);
  expect(labels({ ...image, state: "unreadable", inTrash: true, marks: ["deep"] })).toEqual([
    "Unreadable",
    "Deep",
    "In trash",
  ]);
});

test("what works on an image, or was interrupted while it did, is said in plain words", () => {
  const label = (purpose: string, state: "running" | "interrupted", kind: string | null = "clone") =>
    labels({ ...image, operation: { kind, purpose, state } });
  expect(label("make", "running")).toEqual(["Being made"]);
  expect(label("remove", "running")).toEqual(["Being removed"]);
  expect(label("new-purpose", "running")).toEqual(["Being changed"]);
  expect(label("make", "interrupted")).toEqual(["Interrupted: clone"]);
  expect(label("make", "interrupted", null)).toEqual(["Interrupted: creation"]);
  expect(label("flatten", "interrupted", "flatten")).toEqual(["Interrupted: flatten"]);
  const [status] = statusesOf({
    ...image,
    marks: ["deep"],
    operation: { kind: "clone", purpose: "make", state: "interrupted" },
  });
  expect(status).toMatchObject({ tone: "danger", meaning: expect.stringContaining("Do not use the image") });
});

test("an unknown mark is shown by its name", () => {
  expect(labels({ ...image, marks: ["new-mark"] })).toEqual(["new-mark"]);
});

test("attentionItems lists images and failed tasks, the most severe first, and no succeeded tasks", () => {
  const row = {
    cluster: "ceph",
    key: "k",
    spec: "rbd/a",
    pool: "rbd",
    namespace: "",
    name: "a",
    size: 0,
    features: [],
    snapshotCount: 0,
    childCount: 0,
    descendantCount: 0,
    depth: 5,
    parentSpec: null,
    createdAt: null,
    ...image,
    marks: ["deep"],
  };
  const task: TaskSummary = {
    id: "t",
    kind: "clone",
    title: "Clone rbd/a to rbd/b",
    state: "failed",
    phase: null,
    done: 0,
    total: null,
    unit: "steps",
    rate: null,
    createdAt: "2026-03-01T00:00:00Z",
    startedAt: null,
    endedAt: null,
    user: "admin",
    object: { kind: "image", cluster: "ceph", spec: "rbd/b", pool: "rbd", namespace: "", image: "b" },
    related: [],
    error: { code: "NO_SPACE", message: "The pool is full.", hint: "Make room.", object: null },
  };
  const items = attentionItems(
    [row, { ...row, key: "fine", marks: [] }],
    [task, { ...task, id: "s", state: "succeeded" }],
    linksOf("ceph"),
  );
  expect(items.map(({ subject, label, text }) => [subject, label, text])).toEqual([
    ["Clone rbd/a to rbd/b", "Failed", "The pool is full. Make room."],
    ["rbd/a", "Deep", expect.stringMatching(/parents/)],
  ]);
});
