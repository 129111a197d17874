import { expect, test } from "vitest";
import { mirrorIn } from "../../debian-root/mirror.mjs";

const list = (text: string) => [{ name: "/etc/apt/sources.list", text }];
const deb822 = (text: string) => [{ name: "/etc/apt/sources.list.d/debian.sources", text }];

test("the archive of either format is found, not the security one nor another system's", () => {
  const text = `# deb http://commented.example/debian bookworm main
deb-src http://src.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] https://mirror.example/debian/ bookworm main`;
  expect(mirrorIn(list(text))).toBe("https://mirror.example/debian/");
  const sources = `Types: deb
URIs: https://deb.nodesource.example/node_20.x
Suites: nodistro

Types: deb
URIs: http://security.example/debian-security http://mirror.example/debian
Suites: bookworm`;
  expect(mirrorIn(deb822(sources))).toBe("http://mirror.example/debian");
  expect(mirrorIn(list("deb http://archive.example/ubuntu noble main"))).toBeUndefined();
  expect(mirrorIn([...list(""), ...deb822(sources)])).toBe("http://mirror.example/debian");
});
