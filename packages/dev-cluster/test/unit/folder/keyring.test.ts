import { expect, test } from "vitest";
import { parseKey, renderKeyring } from "../../../src/folder/keyring.ts";

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
