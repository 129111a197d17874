import type { CopyJob, CopyLimits } from "rbd-native";

/** How fast transfers may go. One may be given to several; each keeps to it by itself. Can change at any time. */
export class TransferLimits {
  readonly #jobs = new Set<CopyJob>();
  #limits: CopyLimits;

  constructor(limits: CopyLimits = {}) {
    this.#limits = limits;
  }

  get current(): CopyLimits {
    return this.#limits;
  }

  /** Takes effect at once on what runs. A limit that is left out is taken away. */
  set(limits: CopyLimits): void {
    this.#limits = limits;
    for (const job of this.#jobs) job.setLimits(limits);
  }

  /** Applies to a job until the returned function is called. */
  apply(job: CopyJob): () => void {
    job.setLimits(this.#limits);
    this.#jobs.add(job);
    return () => this.#jobs.delete(job);
  }
}
