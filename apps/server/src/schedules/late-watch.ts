import type { FastifyBaseLogger } from "fastify";
import { type Clock, isoTime, type Timer } from "../base/clock.ts";
import { lateMessage } from "../notifications/message.ts";
import type { Notifications } from "../notifications/notifications.ts";
import type { Policy } from "./policy.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { ImageProtection } from "./protection.ts";

const PAUSE_MS = 5 * 60_000;

interface LateWatchOptions {
  store: PolicyStore;
  clock: Clock;
  log: FastifyBaseLogger;
  notifications: Pick<Notifications, "put" | "wake" | "origin">;
  protection(cluster: string): Promise<ImageProtection[]>;
  changed(policyId: string): void;
}

/**
 * Watches whether images are late, and tells of it once when the first of a policy is, and once when none is any more. Every
 * few minutes and after each run.
 */
export class LateWatch {
  readonly #options: LateWatchOptions;
  #timer: Timer | null = null;
  #work: Promise<void> = Promise.resolve();
  #open = true;

  constructor(options: LateWatchOptions) {
    this.#options = options;
  }

  wake(): void {
    this.#work = this.#work
      .then(() => this.#check())
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, "it could not be found out which images are late");
      });
  }

  async idle(): Promise<void> {
    await this.#work;
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#timer?.cancel();
    await this.#work;
  }

  async #check(): Promise<void> {
    if (!this.#open) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(PAUSE_MS, () => this.wake());
    const byCluster = Map.groupBy(
      await this.#options.store.policies(),
      ({ definition }) => definition.cluster,
    );
    for (const [cluster, policies] of byCluster) {
      let rows: ImageProtection[];
      try {
        rows = await this.#options.protection(cluster);
      } catch (error) {
        this.#options.log.debug({ err: error, cluster }, "the images cannot be read now");
        continue;
      }
      for (const policy of policies) await this.#judge(policy, rows);
    }
  }

  async #judge(policy: Policy, rows: readonly ImageProtection[]): Promise<void> {
    const { store, clock, notifications, changed } = this.#options;
    const own = rows.flatMap((row) => {
      const state = row.policies.find(({ id }) => id === policy.id)?.state;
      return state === undefined ? [] : [{ row, state }];
    });
    const late = own.filter(({ state }) => state === "late");
    const since = await store.lateSince(policy.id);
    // What cannot be read now may still be late.
    const isOver = late.length === 0 && !own.some(({ state }) => state === "unknown");
    if (since === null ? late.length === 0 : !isOver) return;
    const at = isoTime(clock.now());
    const images = late.map(({ row: { image, lastBackupAt } }) => ({
      image,
      problem:
        lastBackupAt === null ? "There is no good backup." : `The newest good backup is of ${lastBackupAt}.`,
    }));
    const message = lateMessage(policy, images, at, notifications.origin);
    const topic = since === null ? `late/${policy.id}/${at}` : `in time/${policy.id}/${since}`;
    await store.setLateSince(policy.id, since === null ? at : null, (transaction) =>
      notifications.put(transaction, topic, message),
    );
    notifications.wake();
    changed(policy.id);
  }
}
