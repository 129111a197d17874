/**
 * The Debians whose Ceph the packages are tested with, beside the one they are developed on.
 * @typedef {{ number: string, codename: string }} Release
 * @type {Release[]}
 */
export const releases = [
  { number: "13", codename: "trixie" }, // Ceph 18.2
  { number: "14", codename: "forky" }, // Ceph 20.2; not released yet
];
