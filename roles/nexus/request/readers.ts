import { createKeyReader, type KeyReader } from "../../../lib/cipher/mod.ts";
import { createPolicyReader, type PolicyReader } from "../../../lib/policy_store/mod.ts";
import { type Keyring, type KeySlots, LockedKeyring } from "../../../lib/seal/mod.ts";
import { createSecretReader, type SecretReader } from "../../../lib/secret/mod.ts";
import type { StoreReader } from "../../../lib/store/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";

/** All that opens rows under the keyring as published now. */
export interface Readers {
  readonly keyring: Keyring;
  readonly secrets: SecretReader;
  readonly policies: PolicyReader;
  readonly cipherKeys: KeyReader;
}

/** Options of the readers. */
export interface ReadersOptions {
  readonly page: SharedPage;
  /** Absent where there is nothing to open. */
  readonly kekSlots?: KeySlots;
  readonly store: StoreReader;
  readonly log: Logger;
}

/**
 * The keyring as it is published at each moment. A request may read a row that was sealed under a generation which did
 * not exist when the request began: the key is published before the first such row is stored.
 */
export function publishedKeyring(page: SharedPage, slots: KeySlots): Keyring {
  let revision = page.keyringRevision;
  const ring = LockedKeyring.attach(slots, page.layout());
  const now = () => {
    if (page.keyringRevision !== revision) {
      revision = page.keyringRevision;
      ring.adopt(page.layout());
    }
    return ring;
  };
  return {
    storeId: ring.storeId,
    get currentKek() {
      return now().currentKek;
    },
    kek: (generation) => now().kek(generation),
    generations: () => now().generations(),
  };
}

/** Readers of one thread, which come and go with the keyring. */
export interface FollowedReaders {
  /** The readers of the present keyring. Throws where there are no secrets to serve. */
  now(): Readers;
  /** How many unwrapped keys this thread remembers. */
  held(): { readonly data: number; readonly named: number };
  /** Wipes the keys of the readers and drops everything they decrypted. */
  forget(): void;
}

/**
 * Readers of this thread. A new keyring gets new ones, and the old ones are wiped. Readers also drop their keys after a
 * destruction and when the keyring is dropped: at once, and at the latest before the next read.
 */
export function followKeyring({ page, kekSlots, store, log }: ReadersOptions): FollowedReaders {
  let revision = -1;
  let readers: Readers | undefined;
  let forgotten = page.forgetRevision;
  const forget = () => {
    forgotten = page.forgetRevision;
    readers?.secrets.clear();
    readers?.cipherKeys.clear();
    if (page.state !== "ready") readers = undefined;
  };
  const make = (slots: KeySlots): Readers => {
    const keyring = publishedKeyring(page, slots);
    const policies = createPolicyReader({
      store,
      keyring,
      revision: () => page.policyRevision,
      onDamage: ({ message }) => log.error("policy_damaged", { detail: message }),
    });
    const secrets = createSecretReader({ store, keyring });
    const cipherKeys = createKeyReader({ store, keyring, revision: () => page.cipherKeyRevision });
    return { keyring, secrets, policies, cipherKeys };
  };
  page.onForget(forget);
  return {
    now() {
      if (!kekSlots) throw new Error("This Nexus serves no secrets");
      if (page.forgetRevision !== forgotten) forget();
      const published = page.keyringRevision;
      if (!readers || published !== revision) {
        readers?.secrets.clear();
        readers?.cipherKeys.clear();
        readers = make(kekSlots);
        revision = published;
      }
      return readers;
    },
    held: () => ({ data: readers?.secrets.held ?? 0, named: readers?.cipherKeys.held ?? 0 }),
    forget() {
      readers?.secrets.clear();
      readers?.cipherKeys.clear();
      readers = undefined;
    },
  };
}
