import { createPolicyReader, type PolicyReader } from "../../lib/policy_store/mod.ts";
import { type Keyring, type KeySlots, LockedKeyring } from "../../lib/seal/mod.ts";
import { createSecretReader, type SecretReader } from "../../lib/secret/mod.ts";
import type { StoreReader } from "../../lib/store/mod.ts";
import type { Logger } from "../../lib/telemetry/mod.ts";
import type { SharedPage } from "./page.ts";

/** All that opens rows under the keyring as published now. */
export interface Readers {
  readonly keyring: Keyring;
  readonly secrets: SecretReader;
  readonly policies: PolicyReader;
}

/** What readers work with. */
export interface ReadersOptions {
  readonly page: SharedPage;
  /** Absent where there is nothing to open. */
  readonly kekSlots?: KeySlots;
  readonly store: StoreReader;
  readonly log: Logger;
}

/** Readers of this thread. A new keyring gets new ones, and the old ones forget. */
export function followKeyring({ page, kekSlots, store, log }: ReadersOptions): () => Readers {
  let revision = -1;
  let readers: Readers | undefined;
  return () => {
    if (!kekSlots) throw new Error("This Nexus serves no secrets");
    const published = page.keyringRevision;
    if (!readers || published !== revision) {
      readers?.secrets.clear();
      const keyring = LockedKeyring.attach(kekSlots, page.layout());
      const policies = createPolicyReader({
        store,
        keyring,
        revision: () => page.policyRevision,
        onDamage: ({ message }) => log.error("policy_damaged", { detail: message }),
      });
      readers = { keyring, secrets: createSecretReader({ store, keyring }), policies };
      revision = published;
    }
    return readers;
  };
}
