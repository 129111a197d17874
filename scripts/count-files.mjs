// `node scripts/count-files.mjs`: how many files of product code each package has, and how long they are.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const short = 25;
const long = 600;
const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
const product = listed.filter(
  (file) =>
    /^(packages|apps)\/[^/]+\/(src|native|bin)\/.*\.(tsx?|mjs|css|cc|h)$/.test(file) &&
    !file.includes("/test/"),
);
const groups = Map.groupBy(product, (file) => file.split("/").slice(0, 3).join("/"));
const rows = [...groups, ["all", product]].map(([name, files]) => {
  const lines = files.map((file) => readFileSync(join(root, file), "utf8").split("\n").length - 1);
  const fewer = lines.filter((count) => count < short).length;
  return {
    folder: name,
    files: files.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    [`under ${short}`]: `${fewer} (${((100 * fewer) / files.length).toFixed(0)} %)`,
    [`over ${long}`]: lines.filter((count) => count > long).length,
    longest: Math.max(...lines),
  };
});
console.table(rows);
