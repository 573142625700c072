/**
 * A map of bounded size that drops the least recently used entry. Every value that leaves it, for any reason, is passed to
 * `discard`, so that keys can be wiped.
 */
export class BoundedCache<V> {
  readonly #limit: number;
  readonly #discard: (value: V) => void;
  /** In order of use, the most recent last. */
  readonly #entries = new Map<string, V>();

  /**
   * `limit` is the most entries that the cache keeps.
   *
   * @throws {RangeError} for a limit below 1
   */
  constructor(limit: number, discard: (value: V) => void = () => {}) {
    if (!(limit >= 1)) throw new RangeError(`Limit is ${limit}, at least 1 is expected`);
    this.#limit = limit;
    this.#discard = discard;
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** Returns the value, or undefined, and marks it as most recently used. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Adds or replaces an entry; a replaced or displaced value is discarded. */
  set(key: string, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.delete(oldest);
      return;
    }
  }

  /** Removes and discards an entry, if present. */
  delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#discard(value);
  }

  /** Removes and discards all entries. */
  clear(): void {
    for (const value of this.#entries.values()) this.#discard(value);
    this.#entries.clear();
  }
}

/** Whether two byte strings are equal. For public bytes only: the time depends on the first difference. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
