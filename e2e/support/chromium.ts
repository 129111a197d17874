import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The distribution's Chromium; none is ever downloaded. COPPICE_CHROMIUM names another. */
export function chromiumPath(): string {
  const found = process.env.COPPICE_CHROMIUM ?? places.find((place) => existsSync(place));
  if (!found) throw new Error(`No Chromium in ${places.join(", ")}: apt-get install chromium`);
  return found;
}
