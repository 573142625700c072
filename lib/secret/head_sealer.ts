import {
  type Keyring,
  openRecord,
  type RandomSource,
  type SealBinding,
  sealRecord,
} from "../seal/mod.ts";
import type { HeadRow } from "../store/port.ts";
import { BoundedCache, isSame } from "../cache/cache.ts";
import { isDamage } from "../seal/damage.ts";
import { damagedHead } from "./damage.ts";
import { decodeHead, encodeHead, type Head } from "./head.ts";
import { isPurged } from "./version.ts";

interface Entry {
  readonly sealed: Uint8Array;
  readonly kekGeneration: number;
  readonly head: Head;
}

/**
 * Seals and opens heads. The cache holds an opened head with its sealed bytes and serves it only while the stored bytes
 * are the same, so a modified row is always detected.
 */
export class HeadSealer {
  readonly #keyring: Keyring;
  readonly #opened: BoundedCache<Entry>;

  constructor(keyring: Keyring, cacheLimit: number) {
    this.#keyring = keyring;
    this.#opened = new BoundedCache(cacheLimit);
  }

  /**
   * Opens a head.
   *
   * @throws {SpikeError} `state_integrity_check` that names the path, for a row that is not what was stored
   */
  open(row: HeadRow): Head {
    const head = this.#remembered(row) ?? this.#decrypted(row);
    if (!isAsInTheClear(head, row)) throw damagedHead(row.path);
    return head;
  }

  seal(path: string, head: Head, kekGeneration: number, random: RandomSource): HeadRow {
    const kek = this.#keyring.kek(kekGeneration);
    const sealed = sealRecord(kek, this.#place(path, kekGeneration), encodeHead(head), random);
    this.#opened.set(path, { sealed, kekGeneration, head });
    return { path, ...inTheClear(head), kekGeneration, sealed };
  }

  clear(): void {
    this.#opened.clear();
  }

  #remembered(row: HeadRow): Head | undefined {
    const entry = this.#opened.get(row.path);
    const isIt = entry !== undefined && entry.kekGeneration === row.kekGeneration &&
      isSame(entry.sealed, row.sealed);
    if (!isIt) return undefined;
    // Throws when the keyring was emptied, so that the cache serves nothing either.
    this.#keyring.kek(row.kekGeneration);
    return entry.head;
  }

  #decrypted(row: HeadRow): Head {
    const { path, kekGeneration, sealed } = row;
    try {
      const kek = this.#keyring.kek(kekGeneration);
      const head = decodeHead(openRecord(kek, this.#place(path, kekGeneration), sealed));
      this.#opened.set(path, { sealed, kekGeneration, head });
      return head;
    } catch (reason) {
      throw isDamage(reason) ? damagedHead(path, reason) : reason;
    }
  }

  #place(path: string, kekGeneration: number): SealBinding {
    return { storeId: this.#keyring.storeId, table: "head", path, version: 0, kekGeneration };
  }
}

/** The members that a head row repeats in the clear for lookups. */
function inTheClear(head: Head): Pick<HeadRow, "revision" | "current" | "isPurged" | "expiresMs"> {
  const { revision, current, expiresMs } = head;
  return { revision, current, isPurged: isPurged(head), expiresMs };
}

function isAsInTheClear(head: Head, row: HeadRow): boolean {
  const clear = inTheClear(head);
  return clear.revision === row.revision && clear.current === row.current &&
    clear.isPurged === row.isPurged && clear.expiresMs === row.expiresMs;
}
