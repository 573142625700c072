import type { Candidate, Scheme, ShardStamp } from "../recovery/mod.ts";
import { keyCheckValue, matchesKeyCheck } from "../seal/mod.ts";

/** What was configured for a store that does not exist yet. */
export interface FirstKeySettings {
  readonly threshold: number;
  readonly shares: number;
  readonly scheme: Scheme;
}

/** Decides which keys may become the first one of an empty store. */
export class FirstKeyCheck {
  readonly #settings: FirstKeySettings;
  readonly #salt: Uint8Array;
  /** Check values of keys that a proof refuted. */
  readonly #refuted = new Set<string>();

  constructor(settings: FirstKeySettings, salt: Uint8Array) {
    this.#settings = settings;
    this.#salt = salt;
  }

  /**
   * Whether a rebuilt key may be taken. A stamped set vouches for its key by its check value; an unstamped one cannot.
   * A set of another threshold or scheme than was configured is not accepted: one keeper alone could forge a set of
   * one.
   */
  accepts(key: Uint8Array, stamp: ShardStamp | undefined): boolean {
    if (this.#refuted.has(this.#valueOf(key))) return false;
    if (!stamp) return true;
    const { threshold, shares, scheme } = this.#settings;
    return stamp.threshold === threshold && stamp.shares === shares && stamp.scheme === scheme &&
      stamp.check !== undefined && matchesKeyCheck(key, stamp.setId, stamp.check);
  }

  /** Remembers that a proof was of another key. */
  refute(key: Uint8Array): void {
    this.#refuted.add(this.#valueOf(key));
  }

  /** Gives every refuted key another chance: the proof may have belonged to a Bootstrap run that is over. */
  forgive(): void {
    this.#refuted.clear();
  }

  #valueOf(key: Uint8Array): string {
    return keyCheckValue(key, this.#salt).toHex();
  }
}

/** The store that gave one of these keepers its shard. */
export function ownerOf(candidates: readonly Candidate[]): Uint8Array | undefined {
  return candidates.find(({ stamp }) => stamp?.storeId)?.stamp?.storeId;
}
