import {
  BULK_THRESHOLD,
  type Keyring,
  openValue,
  openValueBulk,
  unwrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { VersionRow } from "../store/port.ts";
import { BoundedCache, isSame } from "../cache/cache.ts";
import { isDamage } from "../seal/damage.ts";
import { damagedVersion } from "./damage.ts";
import { digestOf, keyPlace, valuePlace, type VersionPlace } from "./value_seal.ts";
import type { VersionInfo } from "./version.ts";

interface Entry {
  readonly wrappedKey: Uint8Array;
  readonly dataKey: Uint8Array;
}

/**
 * Opens values. The cache holds an unwrapped data key with its wrapped bytes, so that a destroyed or re-wrapped key is
 * never served from memory; an evicted key is wiped.
 */
export class ValueOpener {
  readonly #keyring: Keyring;
  readonly #keys: BoundedCache<Entry>;

  constructor(keyring: Keyring, cacheLimit: number) {
    this.#keyring = keyring;
    this.#keys = new BoundedCache(cacheLimit, (entry) => wipe(entry.dataKey));
  }

  /**
   * Opens the version that its head describes as `info`. The caller wipes the plaintext.
   *
   * @throws {SpikeError} `state_integrity_check` that names path and version, for a row that is missing or not what was
   * stored
   */
  async open(path: string, info: VersionInfo, row: VersionRow | undefined): Promise<Uint8Array> {
    const isIt = row?.version === info.number && isSame(digestOf(row.sealed), info.digest);
    if (!isIt) throw damagedVersion(path, info.number);
    try {
      return await this.#decrypted(path, row);
    } catch (reason) {
      throw isDamage(reason) ? damagedVersion(path, info.number, reason) : reason;
    }
  }

  /** Number of data keys in the cache. */
  get held(): number {
    return this.#keys.size;
  }

  clear(): void {
    this.#keys.clear();
  }

  async #decrypted(path: string, row: VersionRow): Promise<Uint8Array> {
    const place = { storeId: this.#keyring.storeId, path, version: row.version };
    const dataKey = this.#dataKey(place, row);
    if (row.sealed.length < BULK_THRESHOLD) {
      return openValue(dataKey, valuePlace(place), row.sealed);
    }
    // The cache may wipe its key while the other thread is at work.
    const own = dataKey.slice();
    try {
      return await openValueBulk(own, valuePlace(place), row.sealed);
    } finally {
      wipe(own);
    }
  }

  #dataKey(place: VersionPlace, { kekGeneration, wrappedKey }: VersionRow): Uint8Array {
    const id = `${place.version}/${place.path}`;
    // Read also when the data key is cached, since an emptied keyring must not serve anything.
    const kek = this.#keyring.kek(kekGeneration);
    const entry = this.#keys.get(id);
    if (entry && isSame(entry.wrappedKey, wrappedKey)) return entry.dataKey;
    const dataKey = unwrapDataKey(kek, keyPlace(place, kekGeneration), wrappedKey);
    this.#keys.set(id, { wrappedKey, dataKey });
    return dataKey;
  }
}
