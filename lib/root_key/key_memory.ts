import { loadDefaultKey } from "../cipher/mod.ts";
import { SpikeError } from "../error/error.ts";
import { deriveStorageKey, fillKeyring, type KeySlots, LockedKeyring } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";

const ROOT = 0;
const NEXT = 1;

/** What the keys of a Nexus lie in. */
export interface KeyMemoryOptions {
  /** The store whose wrapped keys are opened. */
  readonly store: Store;
  /** Publishes states and slots to all threads. */
  readonly page: SharedPage;
  /** See `ROOT_SLOTS`; no other thread has this region. */
  readonly rootSlots: KeySlots;
  /** Slots of the KEKs, shared with the request workers. */
  readonly kekSlots: KeySlots;
  /** Slots of the default cipher key, shared with the request workers. */
  readonly cipherSlots: KeySlots;
  /** Called with a keyring before anything is served under it. */
  readonly keyringOpened?: (ring: LockedKeyring) => Promise<void>;
  /** Called when the keyring is dropped. */
  readonly keyringDropped?: () => void;
  /** Where events are logged. */
  readonly log: Logger;
}

/** The root key, the key that is to follow it, and the keyring under it, in slots of locked memory. */
export class KeyMemory {
  readonly #options: KeyMemoryOptions;
  #keyring: LockedKeyring | undefined;

  /** Holds no key yet. */
  constructor(options: KeyMemoryOptions) {
    this.#options = options;
  }

  /** The slot of the root key, 32 bytes; zeros when there is none. */
  get root(): Uint8Array {
    return this.#options.rootSlots.slot(ROOT);
  }

  /** The slot of a root key that is to follow; zeros when there is none. */
  get next(): Uint8Array {
    return this.#options.rootSlots.slot(NEXT);
  }

  /** The keyring of the present store. Throws `root_key_missing` when there is none. */
  get keyring(): LockedKeyring {
    if (!this.#keyring) throw new SpikeError("root_key_missing", "No root key is loaded");
    return this.#keyring;
  }

  /** Whether `ring` is still the keyring in use. */
  isCurrent(ring: LockedKeyring): boolean {
    return this.#keyring === ring;
  }

  /** Takes a root key, and wipes where it came from. */
  take(key: Uint8Array): void {
    this.root.set(key);
    wipe(key);
  }

  /**
   * Unwraps the KEKs and the default cipher key of a store with the root key that was taken, and publishes them to all
   * threads. On failure the memory is as it was before; the caller wipes it.
   */
  async openKeyring(storeId: Uint8Array): Promise<void> {
    const { store, page, kekSlots, cipherSlots, keyringOpened, log } = this.#options;
    const storageKey = deriveStorageKey(this.root, storeId);
    const ring = new LockedKeyring(kekSlots, storeId);
    try {
      fillKeyring(ring, storageKey, await store.keks());
      const onDamage = (version: number, reason: string) =>
        log.error("cipher_key_damaged", { version, reason });
      page.cipherVersion = await loadDefaultKey({
        store,
        keyring: ring,
        slots: cipherSlots,
        onDamage,
      });
      await keyringOpened?.(ring);
    } finally {
      wipe(storageKey);
    }
    this.#keyring = ring;
    page.publish(ring.layout());
  }

  /** Zeroes every key that threads share, and makes each thread forget its own; `SharedPage.haveForgotten` waits. */
  wipe(): void {
    const { page, rootSlots, kekSlots, cipherSlots, keyringDropped } = this.#options;
    page.publishNone();
    rootSlots.wipe();
    keyringDropped?.();
    this.#keyring?.wipe();
    this.#keyring = undefined;
    kekSlots.wipe();
    page.cipherVersion = 0;
    cipherSlots.wipe();
    page.publishForget();
  }
}
