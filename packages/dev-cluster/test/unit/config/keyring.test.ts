import { expect, test } from "vitest";
import { generateKey, parseKey, renderKeyring } from "../../../src/config/keyring.ts";

test("a key is Ceph's encoding of its type, its age and sixteen random bytes", () => {
  const random = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  const key = Buffer.from(
    generateKey(new Date(1_700_000_000_123), () => random),
    "base64",
  );
  expect(key.length).toBe(28);
  expect(key.readUInt16LE(0)).toBe(1);
  expect(key.readUInt32LE(2)).toBe(1_700_000_000);
  expect(key.readUInt32LE(6)).toBe(123_000_000);
  expect(key.readUInt16LE(10)).toBe(16);
  expect(key.subarray(12)).toEqual(Buffer.from(random));
});

test("no two keys are alike", () => {
  const now = new Date();
  expect(generateKey(now)).not.toBe(generateKey(now));
});

test("a keyring's text holds each entity with its key and capabilities, and is read back", () => {
  const text = renderKeyring([
    { entity: "mon.", key: "AQ==", caps: { mon: "allow *" } },
    { entity: "client.admin", key: "BQ==", caps: { mon: "allow *", osd: "allow *" } },
  ]);
  expect(text).toBe(
    '[mon.]\n\tkey = AQ==\n\tcaps mon = "allow *"\n' +
      '[client.admin]\n\tkey = BQ==\n\tcaps mon = "allow *"\n\tcaps osd = "allow *"\n',
  );
  expect(parseKey(text, "mon.")).toBe("AQ==");
  expect(parseKey(text, "client.admin")).toBe("BQ==");
  expect(parseKey(text, "osd.0")).toBeUndefined();
  expect(parseKey("", "mon.")).toBeUndefined();
});
