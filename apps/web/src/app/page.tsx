import { x } from "#lib/x.ts";
export default function P() {
  return <p>hi {x}</p>;
}
