/** Ceph's releases in their order, as `ceph osd dump` names them, as far as clients can be required. */
const releases = [
  "argonaut",
  "bobtail",
  "cuttlefish",
  "dumpling",
  "emperor",
  "firefly",
  "giant",
  "hammer",
  "infernalis",
  "jewel",
  "kraken",
  "luminous",
];

export type CloneFormat = 1 | 2;

export interface CloneFormatFacts {
  /** What the caller insists on. */
  forced?: CloneFormat | undefined;
  /** `rbd_default_clone_format`: `1`, `2` or `auto`. */
  configured: string;
  /** `require_min_compat_client` and `min_compat_client` of `ceph osd dump`. */
  clientReleases: readonly string[];
}

export interface CloneFormatChoice {
  format: CloneFormat;
  /** One sentence without a full stop. */
  reason: string;
}

/**
 * Chooses as librbd does when it is not told: format 2, which needs no protected snapshot, once every client
 * the cluster admits understands it (mimic and later); else format 1.
 *
 * Source: `rbd_default_clone_format` in Ceph's documentation of clone v2.
 */
export function chooseCloneFormat(facts: CloneFormatFacts): CloneFormatChoice {
  if (facts.forced !== undefined) {
    return { format: facts.forced, reason: `clone format ${facts.forced} was asked for` };
  }
  if (facts.configured === "1" || facts.configured === "2") {
    const format = facts.configured === "1" ? 1 : 2;
    return { format, reason: `rbd_default_clone_format is ${format}` };
  }
  const required = facts.clientReleases.find((release) => release !== "" && !releases.includes(release));
  if (required !== undefined) {
    return { format: 2, reason: `the cluster requires clients of ${required} or later` };
  }
  return {
    format: 1,
    reason: "the cluster admits clients from before mimic, which know clone format 1 only",
  };
}
