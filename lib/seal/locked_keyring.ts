import { SpikeError } from "../error/error.ts";
import { requireLength } from "../bytes/bytes.ts";
import { ID_BYTES, KEY_BYTES } from "./derive.ts";
import type { KeySlots } from "./key_slots.ts";
import type { Keyring } from "./keyring.ts";

/** Lets a worker attach to the ring in shared memory. Holds no key material. */
export interface KeyringLayout {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** Current generation, 0 if none. */
  readonly currentKek: number;
  /** Generation held by each slot, 0 for a free one. */
  readonly slots: readonly number[];
}

/**
 * A keyring with its keys in slots of shared, usually locked memory and its generation numbers in ordinary memory.
 *
 * States: empty → keys put → one of them current → wiped (empty again). One thread owns the slots and writes; others attach
 * with a {@linkcode KeyringLayout} and only read.
 *
 * @example
 * ```ts ignore
 * const ring = new LockedKeyring(allocateLocked(128), storeId);
 * ring.put(1, kek);
 * ring.use(1);
 * sealRecord(ring.kek(ring.currentKek), place, plaintext, osRandom);
 * ```
 */
export class LockedKeyring implements Keyring {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly #region: KeySlots;
  /** Index is the slot, value the generation, 0 when free. */
  readonly #held: number[];
  #current = 0;

  /**
   * An empty ring on slots of 32 bytes.
   *
   * @throws {TypeError} for a store id or slots of wrong length
   */
  constructor(region: KeySlots, storeId: Uint8Array) {
    requireLength(storeId, ID_BYTES, "Store id");
    if (region.slotBytes !== KEY_BYTES) {
      throw new TypeError(`Slots are ${region.slotBytes} bytes wide, expected ${KEY_BYTES}`);
    }
    this.storeId = storeId.slice();
    this.#region = region;
    this.#held = Array<number>(region.count).fill(0);
  }

  /** Attaches from another thread, with the state when the layout was taken. */
  static attach(region: KeySlots, layout: KeyringLayout): LockedKeyring {
    const ring = new LockedKeyring(region, layout.storeId);
    ring.adopt(layout);
    return ring;
  }

  /** As {@linkcode Keyring.currentKek}. */
  get currentKek(): number {
    if (this.#current === 0) throw noKey();
    return this.#current;
  }

  /** As {@linkcode Keyring.kek}. */
  kek(generation: number): Uint8Array {
    const slot = generation > 0 ? this.#held.indexOf(generation) : -1;
    if (slot >= 0) return this.#region.slot(slot);
    if (this.generations().length === 0) throw noKey();
    throw new SpikeError(
      "state_integrity_check",
      `Key-encryption key generation ${generation} is not held, held are ${
        this.generations().join(", ")
      }`,
    );
  }

  /** As {@linkcode Keyring.generations}. */
  generations(): readonly number[] {
    return this.#held.filter((generation) => generation !== 0).sort((a, b) => a - b);
  }

  /**
   * Copies a key into a free slot. The caller still wipes its own copy.
   *
   * @throws {Error} if the ring is full or holds the generation already
   */
  put(generation: number, kek: Uint8Array): void {
    requireLength(kek, KEY_BYTES, "Key-encryption key");
    if (!Number.isSafeInteger(generation) || generation < 1) {
      throw new TypeError(`${generation} is not a generation, expected an integer from 1`);
    }
    if (this.#held.includes(generation)) {
      throw new Error(`Key-encryption key generation ${generation} is held already`);
    }
    const free = this.#held.indexOf(0);
    if (free < 0) throw new Error(`All ${this.#held.length} key slots are taken`);
    this.#region.slot(free).set(kek);
    this.#held[free] = generation;
  }

  /** Makes a held generation the current one, for sealing new rows. */
  use(generation: number): void {
    this.kek(generation);
    this.#current = generation;
  }

  /**
   * Drops a generation and zeroes its slot.
   *
   * @throws {Error} for the current generation
   */
  drop(generation: number): void {
    if (generation === this.#current) {
      throw new Error(`Key-encryption key generation ${generation} is in use`);
    }
    this.kek(generation).fill(0);
    this.#held[this.#held.indexOf(generation)] = 0;
  }

  /** Drops and zeroes all keys, for all threads that share the memory. */
  wipe(): void {
    this.#region.wipe();
    this.#held.fill(0);
    this.#current = 0;
  }

  /** The layout for other threads, to attach or to follow a change with {@linkcode adopt}. */
  layout(): KeyringLayout {
    return { storeId: this.storeId, currentKek: this.#current, slots: [...this.#held] };
  }

  /**
   * Replaces the layout by a newer one of the same memory.
   *
   * @throws {Error} if the layout does not fit this ring
   */
  adopt(layout: KeyringLayout): void {
    requireLength(layout.storeId, ID_BYTES, "Store id");
    if (layout.slots.length !== this.#held.length) {
      throw new Error(
        `Layout has ${layout.slots.length} slots, this ring has ${this.#held.length}`,
      );
    }
    if (layout.currentKek !== 0 && !layout.slots.includes(layout.currentKek)) {
      throw new Error(`Layout does not hold its current generation ${layout.currentKek}`);
    }
    layout.slots.forEach((generation, slot) => this.#held[slot] = generation);
    this.#current = layout.currentKek;
  }
}

function noKey(): SpikeError {
  return new SpikeError("root_key_missing", "No key-encryption key is loaded", {
    hint: "Wait until the root key has been recovered",
  });
}
