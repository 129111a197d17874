import type { NativeMirrorInfo, NativeMirrorStatus } from "../internal/binding-types.ts";

export const mirrorModes = ["disabled", "image", "pool"] as const;
export type MirrorMode = (typeof mirrorModes)[number];

export const mirrorImageModes = ["journal", "snapshot"] as const;
export type MirrorImageMode = (typeof mirrorImageModes)[number];

const imageStates = ["disabling", "enabled", "disabled"] as const;
export type MirrorImageState = (typeof imageStates)[number] | "unknown";

const statusStates = [
  "unknown",
  "error",
  "syncing",
  "starting-replay",
  "replaying",
  "stopping-replay",
  "stopped",
] as const;
export type MirrorStatusState = (typeof statusStates)[number];

export const mirrorDirections = ["rx", "tx", "rx-tx"] as const;
export type MirrorDirection = (typeof mirrorDirections)[number];

export interface MirrorInfo {
  /** The same on all sites; "" when mirroring is off. */
  readonly globalId: string;
  readonly state: MirrorImageState;
  readonly primary: boolean;
  /** Undefined when mirroring is off. */
  readonly mode: MirrorImageMode | undefined;
}

export interface MirrorSiteStatus {
  /** "" is this site. */
  readonly mirrorUuid: string;
  readonly state: MirrorStatusState;
  readonly description: string;
  readonly lastUpdate: Date;
  /** A daemon of that site reports. */
  readonly up: boolean;
}

export interface MirrorStatus {
  readonly name: string;
  readonly info: MirrorInfo;
  readonly sites: readonly MirrorSiteStatus[];
}

export function statusState(state: number): MirrorStatusState {
  return statusStates[state] ?? "unknown";
}

export function toMirrorInfo(info: NativeMirrorInfo): MirrorInfo {
  return { ...info, state: imageStates[info.state] ?? "unknown", mode: mirrorImageModes[info.mode] };
}

export function toMirrorStatus({ name, info, sites }: NativeMirrorStatus): MirrorStatus {
  return {
    name,
    info: toMirrorInfo(info),
    sites: sites.map((site) => ({
      ...site,
      state: statusState(site.state),
      lastUpdate: new Date(site.lastUpdate),
    })),
  };
}
