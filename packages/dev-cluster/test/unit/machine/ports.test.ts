import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import {
  candidatePorts,
  chooseMonitorPort,
  firstPort,
  isPortFree,
  portCount,
} from "../../../src/machine/ports.ts";

test("a folder always begins at the same port, another folder at another one", () => {
  expect([...candidatePorts("/a", 3)]).toEqual([...candidatePorts("/a", 3)]);
  expect([...candidatePorts("/a", 1)]).not.toEqual([...candidatePorts("/b", 1)]);
});

test("candidates are distinct and stay below the ephemeral range", () => {
  const ports = [...candidatePorts("/a", portCount)];
  expect(new Set(ports).size).toBe(portCount);
  expect(Math.min(...ports)).toBe(firstPort);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

test("takes the first that is free and not refused before", async () => {
  const [first = 0, second = 0, third = 0] = candidatePorts("/a", 3);
  const free = async (port: number) => port !== first;
  expect(await chooseMonitorPort("/a", new Set(), free)).toBe(second);
  expect(await chooseMonitorPort("/a", new Set([second]), free)).toBe(third);
});

test("says so when none is free", async () => {
  await expect(chooseMonitorPort("/a", new Set(), async () => false)).rejects.toMatchObject({
    code: "NO_FREE_PORT",
    message: expect.stringContaining("Stop clusters"),
  });
});

test("a port on which a process listens is not free", async () => {
  const server = createServer().listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await isPortFree(port)).toBe(false);
  server.close();
  await once(server, "close");
  expect(await isPortFree(port)).toBe(true);
});
