import type { ClusterStatus, DevCluster } from "../cluster/options.ts";

export function describeStart(cluster: Pick<DevCluster, "dir" | "conf">): string {
  return `The cluster in ${cluster.dir} runs. Use it: rbd --conf ${shellWord(cluster.conf)} ls`;
}

export function describeStatus(dir: string, status: ClusterStatus): string {
  if (status.state === "absent") return `${dir}: no cluster`;
  const lines = status.daemons.map(
    ({ name, pid }) => `  ${name.padEnd(6)} ${pid === null ? "-" : `process ${pid}`}`,
  );
  return [`${dir}: ${status.state}`, ...lines].join("\n");
}

/** The text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w/.:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
