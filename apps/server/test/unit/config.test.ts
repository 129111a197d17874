import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../../src/base/config.ts";

test("without settings the server listens on this machine only, on port 4400", () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    host: "127.0.0.1",
    port: 4400,
    signInLink: false,
    publicUrl: null,
    trustProxy: [],
    depthLimits: { soft: 1000, hard: 1000 },
  });
  expect(config.clusters).toEqual([{ id: "ceph", conf: null, user: "admin" }]);
  expect(config.dataDir).toBe(`${process.cwd()}/.coppice`);
  expect(config.webDir).toMatch(/apps\/web\/out$/);
});

test("an empty setting counts as not set", () => {
  const empty = {
    COPPICE_PORT: "",
    COPPICE_HOST: "",
    COPPICE_URL: "",
    COPPICE_SIGN_IN_LINK: "",
    CEPH_CONF: "",
    CEPH_USER: "",
  };
  expect(readConfig(empty)).toEqual(readConfig({}));
});

test("settings are read and paths made absolute", () => {
  const config = readConfig({
    COPPICE_PORT: "0",
    COPPICE_HOST: "0.0.0.0",
    COPPICE_URL: "https://coppice.example.org/",
    COPPICE_TRUST_PROXY: "127.0.0.1, 10.0.0.0/8",
    COPPICE_SIGN_IN_LINK: "1",
    COPPICE_SCAN_SECONDS: "5",
    COPPICE_IMPORT_MAX_GIB: "2",
    COPPICE_IMPORT_PRIVATE: "1",
    COPPICE_SOFT_DEPTH: "2",
    COPPICE_HARD_DEPTH: "2",
    COPPICE_CLUSTER_ID: "site-b",
    CEPH_CONF: "conf/ceph.conf",
    CEPH_USER: "coppice",
  });
  expect(config).toMatchObject({
    port: 0,
    host: "0.0.0.0",
    publicUrl: "https://coppice.example.org",
    trustProxy: ["127.0.0.1", "10.0.0.0/8"],
    signInLink: true,
    scanIntervalMs: 5000,
    importMaxBytes: 2 ** 31,
    importPrivate: true,
    depthLimits: { soft: 2, hard: 2 },
    clusters: [{ id: "site-b", conf: `${process.cwd()}/conf/ceph.conf`, user: "coppice" }],
  });
});

test.each([
  [{ COPPICE_PORT: "http" }, 'COPPICE_PORT must be a whole number (it is "http").'],
  [{ COPPICE_PORT: "70000" }, 'COPPICE_PORT must be at most 65535 (it is "70000").'],
  [
    { COPPICE_URL: "coppice" },
    'COPPICE_URL must be a URL such as https://coppice.example.org (it is "coppice").',
  ],
  [{ COPPICE_URL: "https://a.b/c" }, 'COPPICE_URL must have no path (it is "https://a.b/c").'],
  [
    { COPPICE_TRUST_PROXY: "10.0.0.0/8, proxy" },
    'COPPICE_TRUST_PROXY must be addresses or networks such as 10.0.0.0/8, separated by commas (it is "10.0.0.0/8, proxy").',
  ],
  [{ COPPICE_SIGN_IN_LINK: "yes" }, 'COPPICE_SIGN_IN_LINK must be 1 or 0 (it is "yes").'],
  [{ COPPICE_SCAN_SECONDS: "0" }, 'COPPICE_SCAN_SECONDS must be at least 1 (it is "0").'],
  [
    { COPPICE_SOFT_DEPTH: "9", COPPICE_HARD_DEPTH: "8" },
    'COPPICE_SOFT_DEPTH must not be above COPPICE_HARD_DEPTH (it is "9").',
  ],
  [{ COPPICE_HARD_DEPTH: "3" }, "COPPICE_SOFT_DEPTH must not be above COPPICE_HARD_DEPTH."],
  [{ COPPICE_LOG_LEVEL: "loud" }, 'COPPICE_LOG_LEVEL must be a level such as info or warn (it is "loud").'],
  ...["Ceph", "-ceph", "a/b", "c".repeat(64)].map((id): [Record<string, string>, string] => [
    { COPPICE_CLUSTER_ID: id },
    "COPPICE_CLUSTER_ID must be lower-case letters, digits and dashes, at most 63, and not begin with a dash " +
      `(it is "${id}").`,
  ]),
  [
    { CEPH_USER: "client/admin" },
    'CEPH_USER must be a Ceph user without the leading client. (it is "client/admin").',
  ],
])("%j is refused with a sentence", (env, sentence) => {
  expect(() => readConfig(env)).toThrow(new ConfigError(sentence));
});

test("every wrong setting is named at once", () => {
  expect(() => readConfig({ COPPICE_PORT: "-1", COPPICE_SCAN_SECONDS: "soon" })).toThrow(
    /COPPICE_PORT .*\nCOPPICE_SCAN_SECONDS /,
  );
});
