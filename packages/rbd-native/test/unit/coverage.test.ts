import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { newerFunctions } from "../../src/version.ts";
import { waived, waivedWhereNewer } from "./waived-functions.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Functions that a header declares (comments left out). */
function declared(header: string): Set<string> {
  const text = readFileSync(header, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const names = [...text.matchAll(/CEPH_RBD_API\s[^;]*?\b(rbd_\w+)\s*\(/g)].map(
    (match) => match[1] as string,
  );
  return new Set(names);
}

/** Functions that the sources call, as opposed to those that a comment or a message names. */
function bound(): Set<string> {
  const names = new Set<string>();
  for (const file of globSync("native/**/*.{cc,h}", { cwd: root })) {
    const code = readFileSync(`${root}/${file}`, "utf8")
      .replace(/\/\/.*$/gm, "")
      .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
    for (const match of code.matchAll(/\brbd_\w+/g)) names.add(match[0]);
  }
  return names;
}

const addon = `${root}/build/Release/rbd_native.node`;
const header = "/usr/include/rbd/librbd.h";
const all = declared(header);
const inUse = bound();
const newer = new Set<string>(Object.values(newerFunctions));
const excused = Object.values(waived).flat();
const excusedWhereNewer = Object.values(waivedWhereNewer).flat();

test("every public function of librbd is bound or waived with a reason", () => {
  const listed = new Set([...inUse, ...excused, ...excusedWhereNewer]);
  const neither = [...all].filter((name) => !listed.has(name));
  expect(neither).toEqual([]);
  expect(all.size).toBeGreaterThanOrEqual(280);
});

test("no function is waived twice, without need, or although it does not exist", () => {
  expect(excused.filter((name, i) => excused.indexOf(name) !== i)).toEqual([]);
  expect(excused.filter((name) => inUse.has(name))).toEqual([]);
  expect(excused.filter((name) => !all.has(name))).toEqual([]);
});

test("functions newer than Ceph 16 are looked up at run time, and neither waived nor linked against", () => {
  expect([...newer].filter((name) => !inUse.has(name))).toEqual([]);
  const undefinedSymbols = execFileSync("nm", ["-D", "--undefined-only", addon], { encoding: "utf8" });
  expect(undefinedSymbols).toContain("rbd_diff_iterate2");
  for (const name of [...newer, ...excusedWhereNewer]) expect(undefinedSymbols).not.toContain(name);
  expect([...excused, ...excusedWhereNewer].filter((name) => newer.has(name))).toEqual([]);
});

test("docstrings name functions that exist", () => {
  const text = globSync("src/**/*.ts", { cwd: root })
    .map((file) => readFileSync(`${root}/${file}`, "utf8"))
    .join("\n");
  const named = [...text.matchAll(/Wraps ([^*]*?)\.(?:\s|\*)/g)].flatMap((match) => [
    ...(match[1] as string).matchAll(/\brbd_\w+/g),
  ]);
  const wrong = named.map((match) => match[0]).filter((name) => !all.has(name) && !newer.has(name));
  expect(wrong).toEqual([]);
});
