import { type Keyring } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import { BoundedCache } from "../cache/cache.ts";
import { isDamage } from "../seal/damage.ts";
import type { StoreReader } from "../store/port.ts";
import { damagedKey, type KeyHead, openKeyHead } from "./key_head.ts";
import { keyRowName, parseKeyName } from "./key_name.ts";
import { unwrapKeyRow } from "./key_wrap.ts";
import { noSuchKey } from "./key_writer.ts";

/**
 * Reads named cipher keys.
 *
 * @throws {SpikeError} all methods reject with `state_integrity_check` for rows that are not what was stored
 */
export interface KeyReader {
  /**
   * Reads the head of a key.
   *
   * @throws {SpikeError} `api_bad_request` for a malformed name; `api_not_found`
   */
  head(name: string): Promise<KeyHead>;
  /** A copy of one version's key, which the caller wipes. */
  copy(head: KeyHead, version: number): Promise<Uint8Array>;
  /** All heads, by name. A damaged one is omitted and reported to `onDamage`. */
  list(onDamage: (reason: unknown) => void): Promise<readonly KeyHead[]>;
  /** How many unwrapped keys it remembers. */
  readonly held: number;
  /** Drops every head and wipes every key. Call it on seal and rotation. */
  clear(): void;
}

/** What a reader works with. */
export interface KeyReaderOptions {
  /** Holds the rows of the keys. */
  readonly store: StoreReader;
  /** Opens the rows. */
  readonly keyring: Keyring;
  /** A number that changes with every committed change of keys, before the change is acknowledged. */
  readonly revision: () => number;
  /** How many heads and keys are remembered, of each kind. Default 256. */
  readonly cacheLimit?: number;
}

const CACHE_LIMIT = 256;

/**
 * Creates a reader. Each thread has one: there may be more keys than locked memory has slots, so a thread opens the rows
 * that it needs with its KEK and caches some. A committed change clears the cache.
 */
export function createKeyReader(options: KeyReaderOptions): KeyReader {
  const { store, keyring, revision, cacheLimit = CACHE_LIMIT } = options;
  const heads = new BoundedCache<KeyHead>(cacheLimit);
  const keys = new BoundedCache<Uint8Array>(cacheLimit, (key) => wipe(key));
  let seen = -1;
  const clear = () => {
    heads.clear();
    keys.clear();
  };
  /** What is read from here on is remembered only if nothing was changed meanwhile. */
  const present = () => {
    // Throws when the keyring was emptied, so that the cache serves nothing either.
    void keyring.currentKek;
    const now = revision();
    if (now !== seen) clear();
    return seen = now;
  };
  return {
    async head(name) {
      const at = present();
      const known = heads.get(parseKeyName(name));
      if (known) return known;
      const row = await store.keyHead(name);
      if (row === undefined) throw noSuchKey(name);
      const head = openKeyHead(keyring, row);
      if (at === revision()) heads.set(name, head);
      return head;
    },
    async copy({ name }, version) {
      const at = present();
      const id = `${version}/${name}`;
      const known = keys.get(id);
      if (known) return known.slice();
      const row = await store.key(keyRowName(name), version);
      if (row === undefined) throw damagedKey(name);
      try {
        const key = unwrapKeyRow(keyring, row);
        if (at === revision()) keys.set(id, key.slice());
        return key;
      } catch (reason) {
        throw isDamage(reason) ? damagedKey(name, reason) : reason;
      }
    },
    async list(onDamage) {
      return (await store.keyHeads()).flatMap((row) => {
        try {
          return openKeyHead(keyring, row);
        } catch (reason) {
          if (!isDamage(reason)) throw reason;
          onDamage(reason);
          return [];
        }
      });
    },
    get held() {
      return keys.size;
    },
    clear,
  };
}
