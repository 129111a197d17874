// `node scripts/precompress.mjs DIR`: writes FILE.br and FILE.gz beside each text file of a built site, so that the
// server need not compress it for each request. Browsers take brotli over https and from this machine, else gzip.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

/** A smaller file fits into one packet anyway. */
const leastBytes = 1024;
const texts = new Set([".html", ".js", ".css", ".svg", ".txt", ".json", ".map"]);
const encodings = { ".br": promisify(brotliCompress), ".gz": promisify(gzip) };

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error("Name the directory of the built site.");
for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !texts.has(extname(entry.name))) continue;
  const file = join(entry.parentPath, entry.name);
  const content = await readFile(file);
  if (content.length < leastBytes) continue;
  for (const [extension, compress] of Object.entries(encodings))
    await writeFile(file + extension, await compress(content));
}
