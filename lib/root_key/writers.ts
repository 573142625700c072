import { createKeyWriter, type KeyWriter } from "../cipher/mod.ts";
import type { NexusSettings } from "../config/mod.ts";
import { createPolicyWriter, type PolicyWriter } from "../policy_store/mod.ts";
import { type LockedKeyring, osRandom } from "../seal/mod.ts";
import {
  createSealBudget,
  createSecretWriter,
  type SealBudget,
  type SecretWriter,
} from "../secret/mod.ts";
import type { Store } from "../store/mod.ts";

/** All that seals rows under a keyring, on one budget. */
export interface Writers {
  /** Writes secrets. */
  readonly secrets: SecretWriter;
  /** Writes policies. */
  readonly policies: PolicyWriter;
  /** Writes cipher keys. */
  readonly cipherKeys: KeyWriter;
  /** Counts what the KEK seals. */
  readonly budget: SealBudget;
}

/** The writers belong to a keyring, and a keyring to one life of the root key. */
export function createWritersOnDemand(
  store: Store,
  control: { readonly keyring: LockedKeyring },
  settings: Pick<NexusSettings, "maxSecretVersions">,
): () => Writers {
  let made: { keyring: LockedKeyring; writers: Writers } | undefined;
  return () => {
    const { keyring } = control;
    if (made?.keyring !== keyring) {
      const budget = createSealBudget({ store, keyring });
      const common = { store, keyring, clock: Date.now, random: osRandom, budget };
      const secrets = createSecretWriter({ ...common, maxVersions: settings.maxSecretVersions });
      const policies = createPolicyWriter(common);
      const cipherKeys = createKeyWriter(common);
      made = { keyring, writers: { secrets, policies, cipherKeys, budget } };
    }
    return made.writers;
  };
}
