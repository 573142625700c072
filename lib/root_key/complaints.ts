import type { Complaint } from "../recovery/mod.ts";
import type { Logger } from "../telemetry/mod.ts";

/**
 * What was logged about keepers while there was no key. Shards are evaluated again after every answer, so without a
 * memory each wrong one would be logged over and over.
 */
export class Complaints {
  readonly #log: Logger;
  readonly #said = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Logs each keeper once for each reason. */
  say(complaints: readonly Complaint[]): void {
    for (const { keeper, reason } of complaints) {
      const text = `${keeper} ${reason}`;
      if (this.#said.has(text)) continue;
      this.#said.add(text);
      this.#log.error("keeper_shard_wrong", { keeper, reason });
    }
  }

  /** Logs why no key was rebuilt, once until the reason changes. */
  sayFailure(reason: string, shards: number, needed: number): void {
    const text = `${reason} ${shards} ${needed}`;
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#log.warn("root_key_not_rebuilt", { reason, shards, needed });
  }

  /**
   * Logs that keepers hold enough shards of a set that came after the store's, and of another root key: as when the
   * store was restored to its state before a rotation.
   */
  sayLaterRoot(held: number, wanted: { generation: number; threshold: number }): void {
    const text = "keepers_of_later_root";
    if (this.#said.has(text)) return;
    this.#said.add(text);
    const { generation, threshold } = wanted;
    this.#log.error(text, {
      held,
      wanted: generation,
      hint:
        `The store needs the root key of generation ${generation}: hand in ${threshold} recovery shards of that generation with spike operator restore`,
    });
  }

  /** Says that the right key is there, and that the store's own account of its shard set was changed. */
  sayDamage(): void {
    const text = "store_meta_damaged";
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#log.error(text, {
      hint:
        "The stored key check or shard set was modified outside Nexus and is not used. Restore the database from a backup",
    });
  }

  /** Forgets what was logged: there is a key, or it was lost. */
  clear(): void {
    this.#said.clear();
  }
}
