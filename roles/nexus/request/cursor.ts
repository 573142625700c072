import { SpikeError } from "../../../lib/error/error.ts";
import {
  deriveBytes,
  encodeTuple,
  KEY_BYTES,
  type Keyring,
  open,
  type RandomSource,
  seal,
} from "../../../lib/seal/mod.ts";
import { wipe } from "../../../lib/bytes/mod.ts";
import { parseSecretPath } from "../../../lib/secret/mod.ts";

/** Stands in no path. */
const MARK = "~";
const FORMAT = 1;

/**
 * The cursor of a listing for a caller who is not allowed to see the path where it stopped: the path, sealed. Any thread
 * of any Nexus of this store can open it. It is good as long as its KEK is held.
 */
export function sealCursor(keyring: Keyring, path: string, random: RandomSource): string {
  const generation = keyring.currentKek;
  const key = keyOf(keyring, generation);
  const sealed = seal(key, new TextEncoder().encode(path), aadOf(keyring, generation), random);
  wipe(key);
  return `${MARK}${generation}.${sealed.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

/**
 * The path after which a listing continues: `after` itself, or the path sealed in it; empty for the beginning. Throws
 * `api_bad_request` for anything else.
 */
export function openCursor(keyring: Keyring, after: string): string {
  if (after === "") return after;
  if (!after.startsWith(MARK)) return parseSecretPath(after);
  const parts = /^~([1-9]\d{0,8})\.([\w-]+)$/.exec(after);
  const generation = Number(parts?.[1]);
  if (!keyring.generations().includes(generation)) throw unknownCursor();
  const key = keyOf(keyring, generation);
  try {
    const sealed = Uint8Array.fromBase64(parts?.[2] ?? "", { alphabet: "base64url" });
    return new TextDecoder().decode(open(key, sealed, aadOf(keyring, generation)));
  } catch (cause) {
    throw unknownCursor(cause);
  } finally {
    wipe(key);
  }
}

function keyOf(keyring: Keyring, generation: number): Uint8Array {
  const info = encodeTuple([FORMAT, "spike/v1/cursor"]);
  return deriveBytes(keyring.kek(generation), keyring.storeId, info, KEY_BYTES);
}

function aadOf({ storeId }: Keyring, generation: number): Uint8Array {
  return encodeTuple([FORMAT, "cursor", storeId, generation]);
}

function unknownCursor(cause?: unknown): SpikeError {
  return new SpikeError("api_bad_request", "Member after is not a cursor of a listing", {
    hint: "Start the listing again",
    cause,
  });
}
