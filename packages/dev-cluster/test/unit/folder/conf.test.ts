import { describe, expect, test } from "vitest";
import type { DevClusterError } from "../../../src/errors.ts";
import { parseMonitorHost, renderConf } from "../../../src/folder/conf.ts";
import { clusterPaths } from "../../../src/folder/paths.ts";

const input = { fsid: "f-1", monitorPort: 21_000, osdBytes: 2 ** 30, adminKey: "KEY==" };

function sections(text: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split("\n").filter((text) => text !== "")) {
    const header = /^\[(.*)\]$/.exec(line)?.[1];
    if (header === undefined) {
      const [name = "", ...value] = line.split("=");
      current.set(name.trim(), value.join("=").trim());
    } else {
      current = new Map();
      found.set(header, current);
    }
  }
  return found;
}

describe("renderConf", () => {
  test("names the monitor, the admin's keyring and the clients' time-outs", () => {
    const conf = sections(renderConf({ ...input, paths: clusterPaths("/srv/ceph") }));
    expect([...conf.keys()]).toEqual(["global", "client", "client.admin", "mon", "mgr", "osd"]);
    expect(conf.get("global")?.get("mon host")).toBe("[v2:127.0.0.1:21000]");
    expect(conf.get("global")?.get("fsid")).toBe("f-1");
    expect(conf.get("client.admin")?.get("keyring")).toBe("/srv/ceph/keyring");
    expect(conf.get("client.admin")?.has("key")).toBe(false);
    expect([...(conf.get("client")?.keys() ?? [])]).toEqual([
      "client mount timeout",
      "rados mon op timeout",
      "rados osd op timeout",
    ]);
  });

  test("gives the daemons relative paths only", () => {
    const conf = sections(renderConf({ ...input, paths: clusterPaths("/srv/ceph") }));
    for (const type of ["mon", "mgr", "osd"]) {
      const values = [...(conf.get(type)?.values() ?? [])];
      expect(values.filter((value) => value.startsWith("/"))).toEqual([]);
      expect(conf.get(type)?.get(`${type} data`)).toBe("$type.$id");
    }
  });

  test.each(["/srv/my ceph", "/srv/a=b", "/srv/wäldchen", "/srv/a#b", '/srv/a"b'])(
    "puts the key itself where the keyring's path %s would be misread",
    (dir) => {
      const text = renderConf({ ...input, paths: clusterPaths(dir) });
      const admin = sections(text).get("client.admin");
      expect(admin?.get("keyring")).toBe("");
      expect(admin?.get("key")).toBe("KEY==");
      expect(text).not.toContain(dir);
    },
  );

  test("lets extra settings win, however their words are joined", () => {
    const extra = { osd_pool_default_size: "2", "debug ms": "1" };
    const global = sections(renderConf({ ...input, paths: clusterPaths("/srv/ceph"), extra })).get("global");
    expect(global?.get("osd pool default size")).toBe("2");
    expect(global?.get("debug ms")).toBe("1");
  });

  test.each([[{ "a]\n[osd": "1" }], [{ "debug ms": "1\n[osd]" }], [{ "": "1" }], [{ "debug ms": "zwölf" }]])(
    "refuses what is not one setting: %j",
    (extra) => {
      expect(() => renderConf({ ...input, paths: clusterPaths("/srv/ceph"), extra })).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }) as DevClusterError,
      );
    },
  );
});

test("parseMonitorHost reads the port back", () => {
  expect(parseMonitorHost(renderConf({ ...input, paths: clusterPaths("/srv/ceph") }))).toBe(21_000);
  expect(parseMonitorHost("[global]\n")).toBeUndefined();
});
