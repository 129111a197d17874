export { type CompleteDisksOptions, completeDisks } from "./complete-disks.ts";
export type {
  DiskLocation,
  DiskSnapshot,
  DomainSnapshot,
  MemorySnapshot,
  RbdAuth,
  RbdHost,
  RbdLocation,
} from "./domain-snapshot.ts";
export {
  DomainSnapshotError,
  type DomainSnapshotErrorCode,
  domainSnapshotErrorCodes,
} from "./domain-snapshot-error.ts";
export { formatDomainSnapshot } from "./format-domain-snapshot.ts";
export { type ParseDomainSnapshotOptions, parseDomainSnapshot } from "./parse-domain-snapshot.ts";
