import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderConf } from "../../../src/folder/conf.ts";
import { clusterPaths } from "../../../src/folder/paths.ts";
import { objectClassFolder } from "../../../src/machine/requirements.ts";

test("the first folder that holds RBD's object class is the one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "classes-"));
  try {
    expect(await objectClassFolder(["/nowhere", folder])).toBeUndefined();
    writeFileSync(join(folder, "libcls_rbd.so"), "");
    expect(await objectClassFolder(["/nowhere", folder])).toBe(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the conf names it, and leaves it to Ceph where none is found", () => {
  const input = { paths: clusterPaths("/srv/ceph"), fsid: "f", monitorPort: 1, osdBytes: 1, adminKey: "K" };
  expect(renderConf({ ...input, classFolder: "/usr/lib/classes" })).toContain(
    "osd class dir = /usr/lib/classes\n",
  );
  expect(renderConf(input)).not.toContain("osd class dir");
});
