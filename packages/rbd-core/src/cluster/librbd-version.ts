import { version } from "rbd-native";

/** The interface version of the librbd that is loaded: `1.16.0` with Ceph 16. (`rbd_version`) */
export function librbdVersion(): string {
  const { major, minor, extra } = version();
  return `${major}.${minor}.${extra}`;
}
