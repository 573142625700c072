/**
 * A map that holds at most so many entries and forgets the one unused for longest. What leaves it, for whatever
 * reason, goes through `discard`, so that keys can be wiped.
 */
export class BoundedCache<V> {
  readonly #limit: number;
  readonly #discard: (value: V) => void;
  /** In order of use, the most recent last. */
  readonly #entries = new Map<string, V>();

  constructor(limit: number, discard: (value: V) => void = () => {}) {
    if (!(limit >= 1)) throw new RangeError(`Limit is ${limit}, at least 1 is expected`);
    this.#limit = limit;
    this.#discard = discard;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which becomes the most recently used. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#discard(value);
  }

  clear(): void {
    for (const value of this.#entries.values()) this.#discard(value);
    this.#entries.clear();
  }
}

/** Whether two byte strings are the same. For public bytes: stops at the first difference. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
