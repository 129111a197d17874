import { describe, expect, test } from "vitest";
import { checkImageName, suggestName } from "#features/clone/clone-draft.ts";
import { formatPoolSpec, formatSpec, parseSpec, visibleName } from "#lib/spec.ts";

describe("parseSpec", () => {
  test.each(["rbd/vm-1", "rbd/tenant/vm-1", "rbd/vm-1@monday", "rbd/tenant/vm-1@monday"])("%s", (text) => {
    const spec = parseSpec(text);
    expect(spec).not.toBeNull();
    if (spec !== null) expect(formatSpec(spec)).toBe(text);
  });

  test("the middle of three parts is the namespace", () => {
    expect(parseSpec("rbd/tenant/vm-1@monday")).toEqual({
      pool: "rbd",
      namespace: "tenant",
      image: "vm-1",
      snapshot: "monday",
    });
  });

  test.each(["", "vm-1", "rbd/", "/vm-1", "a/b/c/d", "rbd/vm-1@", "rbd/vm-1@a@b", "rbd/vm-1@a/b"])(
    "refuses %o",
    (text) => expect(parseSpec(text)).toBeNull(),
  );
});

test("formatPoolSpec leaves the default namespace out", () => {
  expect(formatPoolSpec("rbd", "")).toBe("rbd");
  expect(formatPoolSpec("rbd", "tenant")).toBe("rbd/tenant");
});

describe("suggestName", () => {
  test("appends -clone when that is free", () => expect(suggestName("vm-1", new Set())).toBe("vm-1-clone"));
  test("continues to count after names that are in use", () =>
    expect(suggestName("vm-1", new Set(["vm-1-clone", "vm-1-clone-2"]))).toBe("vm-1-clone-3"));
  test("a clone of a clone does not become -clone-clone", () => {
    expect(suggestName("vm-1-clone", new Set(["vm-1-clone"]))).toBe("vm-1-clone-2");
    expect(suggestName("vm-1-clone-2", new Set())).toBe("vm-1-clone-3");
  });
});

test("checkImageName says why a name is invalid", () => {
  expect(checkImageName("vm 1")).toBeNull();
  expect(checkImageName("映像-1")).toBeNull();
  expect(checkImageName("")).toMatch(/name/);
  expect(checkImageName("a/b")).toMatch(/“\/”/);
  expect(checkImageName("a@b")).toMatch(/“@”/);
  expect(checkImageName(" a")).toMatch(/space/);
  expect(checkImageName("a\u0007")).toMatch(/control/);
});

test("characters that change the direction of text are made visible, and no others", () => {
  expect(visibleName("rbd/vm\u202egnp.exe")).toBe("rbd/vm\\u{202e}gnp.exe");
  expect(visibleName("rbd/\u2066a\u2069")).toBe("rbd/\\u{2066}a\\u{2069}");
  expect(visibleName("rbd/דיסק-é@montag")).toBe("rbd/דיסק-é@montag");
});
