import type { Cluster } from "rbd-core";
import type { Shell } from "./shell.ts";

/** What a case is given: a connection of ours, and a shell for the peer on the same cluster. */
export interface BenchContext {
  readonly cluster: Cluster;
  /** Path of the cluster's ceph.conf. */
  readonly conf: string;
  readonly shell: Shell;
  /** Whether results are compared by `rbd export` also where that takes an hour. */
  readonly readsExports: boolean;
  /** Says what is going on while a long preparation lasts. */
  say(text: string): void;
}

/** A prepared case: ours and the peer are called in turn, once for each pair. Disposing removes what it made. */
export interface PreparedCase extends AsyncDisposable {
  /** Does the work once with Coppice and returns the measured value in the case's unit. */
  ours(pair: number): Promise<number>;
  /** Does the same work once with the peer: the command that a person would type. */
  peer(pair: number): Promise<number>;
  /** Does it once with the strongest peer there is: connected, in one process, on as many threads as help. */
  warmPeer?(pair: number): Promise<number>;
  /** What `rados bench` needs for the same bytes: said in the note, to know how far away the limit is. */
  radosBench?(): Promise<number>;
  /** Throws unless both did the same work. */
  verify(): Promise<void>;
}

export interface BenchCase {
  readonly name: string;
  /** What is done, in a few words. */
  readonly work: string;
  /** The peer: the plain command. */
  readonly against: string;
  /** The other side is ours, too: the figure says what something costs, and is no ratio to a peer. */
  readonly isCost?: true;
  /** The strongest peer, which `warmPeer` of the prepared case is. */
  readonly warm?: { readonly against: string; readonly atLeast: number; readonly aim?: number };
  readonly unit: "ms" | "MiB/s" | "op/s";
  /** The ratio to reach, and the one aimed at; see BENCH in the table's last columns. */
  readonly atLeast: number;
  readonly aim?: number;
  /** How many pairs; three when nothing is said. */
  readonly pairs?: number;
  /** Options of Node for the process that measures. */
  readonly nodeOptions?: readonly string[];
  /**
   * Makes what takes long and may stay with the cluster, in a process of its own before the one that measures: its
   * memory is not the measured work's. What a run before left is used.
   */
  plant?(context: BenchContext): Promise<void>;
  prepare(context: BenchContext): Promise<PreparedCase>;
}
