import type { FastifyBaseLogger } from "fastify";
import { type Cluster, type ReconciledOperation, reconcile, showImageSpec } from "rbd-core";
import type { Host } from "../base/host.ts";
import { type Clusters, PerCluster } from "../cluster/clusters.ts";

/** A reconciler for each cluster. All are stopped at shutdown. */
export function createReconcilers(
  { log, opened }: Host,
  clusters: Clusters,
  onChanged: (cluster: string) => void,
): PerCluster<Reconciler> {
  const reconcilers = new PerCluster(
    clusters.ids,
    (cluster) => new Reconciler(log.child({ cluster }), () => onChanged(cluster)),
  );
  opened.defer(() => reconcilers.closeAll());
  return reconcilers;
}

/**
 * Finishes or undoes what interrupted operations left on one cluster, after each new connection: those of this server
 * before it was restarted, and those of any other program that uses the SDK.
 */
export class Reconciler {
  readonly #log: FastifyBaseLogger;
  readonly #onChanged: () => void;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param onChanged Called when images of the cluster were changed. */
  constructor(log: FastifyBaseLogger, onChanged: () => void) {
    this.#log = log;
    this.#onChanged = onChanged;
  }

  /**
   * Begins on a connection that has just been made, once what runs on the connection before has ended.
   *
   * @returns Resolves when every operation was tried. It never rejects.
   */
  begin(cluster: Cluster): Promise<void> {
    this.#running = this.#running.then(() => this.#reconcile(cluster));
    return this.#running;
  }

  /** Stops before the next operation. What is not reconciled yet is found again after the next start. */
  async close(): Promise<void> {
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    await this.#running;
  }

  async #reconcile(cluster: Cluster): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return;
    try {
      await reconcile(cluster, { signal, onProgress: ({ last }) => this.#reconciled(last) });
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, "interrupted operations could not be read");
    }
  }

  #reconciled({ operation, outcome, what, error }: ReconciledOperation): void {
    const entry = { image: showImageSpec(operation.image), kind: operation.kind, outcome, what };
    if (outcome === "skipped") return;
    if (outcome === "failed" || outcome === "left") {
      this.#log.warn({ ...entry, err: error }, "an interrupted operation is still to be finished");
      return;
    }
    this.#log.info(entry, "an interrupted operation was reconciled");
    this.#onChanged();
  }
}
