import { type LogKeys, type Mac, macUnder, signerOf } from "../audit/mod.ts";
import {
  deriveBytes,
  encodeTuple,
  KEY_BYTES,
  type Keyring,
  newKey,
  osRandom,
  type SealBinding,
  unwrapDataKey,
  wrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import { isDamage } from "../seal/damage.ts";
import type { KeyRow, Store } from "../store/mod.ts";

/** The keys of one log: one signs its checkpoints, one authenticates its lines and rows, one hashes covered texts. */
export interface OpenLogKeys extends Pick<LogKeys, "sign" | "publicKey" | "mac"> {
  /** Proves rows of the outbox. */
  readonly rowMac: Mac;
  readonly hmacKey: Uint8Array;
}

/** Purposes of the keys derived from the signing seed of a log. A word is never reused or renamed. */
type Use = "line" | "outbox";

const nameOf = {
  sign: (log: string) => `audit/sign/${log}`,
  hmac: (log: string) => `audit/hmac/${log}`,
};

/** The keys of a log; undefined when a row is missing or was modified. */
export async function loadLogKeys(
  store: Store,
  ring: Keyring,
  log: string,
): Promise<OpenLogKeys | undefined> {
  const seed = await load(store, ring, nameOf.sign(log));
  const hmacKey = await load(store, ring, nameOf.hmac(log));
  if (seed && hmacKey) return opened({ seed, hmacKey, log, storeId: ring.storeId });
  wipe(seed, hmacKey);
  return undefined;
}

/**
 * Draws the keys of a log, wrapped by a KEK so that they outlive every rotation of keys above, and makes the log known
 * to the store, all in one transaction; answers its revision. `onOpened` gets them before that.
 */
export async function makeLogKeys(
  store: Store,
  ring: Keyring,
  { log, createdAtMs, onOpened }: {
    readonly log: string;
    readonly createdAtMs: number;
    readonly onOpened: (keys: OpenLogKeys) => void;
  },
): Promise<{ keys: OpenLogKeys; revision: number }> {
  const keys = { sign: newKey(osRandom), hmac: newKey(osRandom) };
  const kekGeneration = ring.currentKek;
  const rows = (["sign", "hmac"] as const).map((kind): KeyRow => {
    const place = placeOf(ring, { name: nameOf[kind](log), version: 1, kekGeneration });
    const wrapped = wrapDataKey(ring.kek(kekGeneration), place, keys[kind], osRandom);
    return { name: place.path, version: 1, kekGeneration, wrapped, createdAtMs, reservedSeals: 0 };
  });
  const made = opened({ seed: keys.sign, hmacKey: keys.hmac, log, storeId: ring.storeId });
  onOpened(made);
  const revision = await store.write(async (tx) => {
    await tx.reserveSeals(kekGeneration, rows.length);
    for (const row of rows) await tx.putKey(row);
    await tx.putAuditLog({ log, createdAtMs, checkpoint: "" });
    return tx.revision;
  });
  return { keys: made, revision };
}

interface LogSecrets {
  readonly seed: Uint8Array;
  readonly hmacKey: Uint8Array;
  readonly log: string;
  readonly storeId: Uint8Array;
}

/** Wipes the seed: every other key follows from it, so that a log of an older version has them without a new row. */
function opened({ seed, hmacKey, log, storeId }: LogSecrets): OpenLogKeys {
  const macFor = (use: Use) => {
    const key = deriveBytes(seed, storeId, encodeTuple([1, `audit/${use}`, log]), KEY_BYTES);
    const mac = macUnder(key);
    wipe(key);
    return mac;
  };
  const made = { ...signerOf(seed), mac: macFor("line"), rowMac: macFor("outbox"), hmacKey };
  wipe(seed);
  return made;
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
): SealBinding {
  return { storeId, table: "key", path: name, version, kekGeneration };
}
