import { readFileSync, type Stats } from "node:fs";
import { inlineScriptHashes } from "./script-hashes.ts";

/** The content security policy of a page that may run exactly these inline scripts besides its own files. */
function pagePolicy(scriptHashes: readonly string[], https: boolean): string {
  const directives = [
    "default-src 'self'",
    ["script-src 'self'", ...scriptHashes].join(" "),
    // Layout libraries set style attributes, and nothing needs a style element.
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  if (https) directives.push("upgrade-insecure-requests");
  return directives.join("; ");
}

/** Works out each page's policy when it is first served, and again when the file has changed. */
export class PagePolicies {
  readonly #known = new Map<string, { version: string; policy: string }>();
  readonly #https: boolean;

  constructor(https: boolean) {
    this.#https = https;
  }

  of(file: string, stat: Stats): string {
    const version = `${stat.mtimeMs} ${stat.size}`;
    const known = this.#known.get(file);
    if (known?.version === version) return known.policy;
    const policy = pagePolicy(inlineScriptHashes(readFileSync(file, "utf8")), this.#https);
    this.#known.set(file, { version, policy });
    return policy;
  }
}
