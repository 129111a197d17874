import { isIP } from "node:net";

/** Whether `text` is an address ("192.0.2.1") or a network ("10.0.0.0/8", "fd00::/8"). */
export function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
