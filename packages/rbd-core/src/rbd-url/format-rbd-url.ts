import { CoppiceError } from "../errors/coppice-error.ts";
import { checkName } from "../names/name-part.ts";
import { type RbdUrl, rbdUrlScheme } from "./rbd-url.ts";

/**
 * Writes `rbd://fsid/pool/image/snap`, so that {@link parseRbdUrl} reads the same back. Everything but RFC 3986's
 * unreserved characters is percent-encoded, as OpenStack's services do: equal locations give equal text.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or holds an illegal character.
 */
export function formatRbdUrl(url: RbdUrl): string {
  if (url.fsid === "" || !url.fsid.isWellFormed()) {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "formatRbdUrl",
      object: url.fsid,
      message: `${JSON.stringify(url.fsid)} cannot be the fsid of a cluster`,
    });
  }
  checkName("pool", url.pool);
  checkName("image", url.image);
  checkName("snapshot", url.snapshot);
  return rbdUrlScheme + [url.fsid, url.pool, url.image, url.snapshot].map(encode).join("/");
}

/** `encodeURIComponent` leaves five of the reserved characters as they are. */
function encode(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
