import { type LogKeys, signerOf } from "../../../lib/audit/mod.ts";
import {
  type Keyring,
  newKey,
  osRandom,
  type Place,
  unwrapDataKey,
  wipe,
  wrapDataKey,
} from "../../../lib/seal/mod.ts";
import { isDamage } from "../../../lib/seal/damage.ts";
import type { KeyRow, Store } from "../../../lib/store/mod.ts";

/** The keys of one log: what signs its checkpoints, and what covers texts. */
export interface OpenLogKeys extends Pick<LogKeys, "sign" | "publicKey"> {
  readonly hmacKey: Uint8Array;
}

const nameOf = {
  sign: (log: string) => `audit/sign/${log}`,
  hmac: (log: string) => `audit/hmac/${log}`,
};

/** The keys of a log; undefined when a row is not there, or not what was stored. */
export async function loadLogKeys(
  store: Store,
  ring: Keyring,
  log: string,
): Promise<OpenLogKeys | undefined> {
  const seed = await load(store, ring, nameOf.sign(log));
  const hmacKey = await load(store, ring, nameOf.hmac(log));
  if (seed && hmacKey) return opened(seed, hmacKey);
  wipe(seed, hmacKey);
  return undefined;
}

/**
 * Draws the keys of a log, wrapped by a KEK so that they outlive every rotation of keys above, and makes the log known
 * to the store, all in one transaction.
 */
export async function makeLogKeys(
  store: Store,
  ring: Keyring,
  { log, createdAtMs }: { readonly log: string; readonly createdAtMs: number },
): Promise<OpenLogKeys> {
  const keys = { sign: newKey(osRandom), hmac: newKey(osRandom) };
  const kekGeneration = ring.currentKek;
  const rows = (["sign", "hmac"] as const).map((kind): KeyRow => {
    const place = placeOf(ring, { name: nameOf[kind](log), version: 1, kekGeneration });
    const wrapped = wrapDataKey(ring.kek(kekGeneration), place, keys[kind], osRandom);
    return { name: place.path, version: 1, kekGeneration, wrapped, createdAtMs, reservedSeals: 0 };
  });
  await store.write(async (tx) => {
    await tx.reserveSeals(kekGeneration, rows.length);
    for (const row of rows) await tx.putKey(row);
    await tx.putAuditLog({ log, createdAtMs, checkpoint: "" });
  });
  return opened(keys.sign, keys.hmac);
}

function opened(seed: Uint8Array, hmacKey: Uint8Array): OpenLogKeys {
  const signer = signerOf(seed);
  wipe(seed);
  return { ...signer, hmacKey };
}

async function load(store: Store, ring: Keyring, name: string): Promise<Uint8Array | undefined> {
  const row = (await store.keys(name)).at(-1);
  if (!row) return undefined;
  try {
    return unwrapDataKey(ring.kek(row.kekGeneration), placeOf(ring, row), row.wrapped);
  } catch (reason) {
    if (isDamage(reason)) return undefined;
    throw reason;
  }
}

function placeOf(
  { storeId }: Keyring,
  { name, version, kekGeneration }: Pick<KeyRow, "name" | "version" | "kekGeneration">,
): Place {
  return { storeId, table: "key", path: name, version, kekGeneration };
}
