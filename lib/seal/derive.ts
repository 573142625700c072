import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { constantTimeEqual, requireLength, wipe } from "../bytes/bytes.ts";

/** Length of the root key and of every key derived from it, bytes. */
export const KEY_BYTES = 32;
/** Length of a store id and of a shard set id, which serve as salts, bytes. */
export const ID_BYTES = 16;

/** Purposes of derived keys. One label, one purpose; a label is never reused or renamed. */
export const LABEL = {
  /** Key-check value: proves a rebuilt root key before it is used. */
  check: "check",
  /** Wraps the key-encryption keys of a store. */
  storage: "storage",
  /** Bootstrap's proof that Nexus holds the same root key. */
  verify: "verify",
  /** Coefficients of the sharing polynomials. */
  coefficients: "shares/coefficients",
  /** Public commitment to a shard (a hash, not a key). */
  commitment: "shares/commitment",
  /** Key of one encrypted stream, from the cipher key and the stream's own salt. */
  stream: "cipher/stream",
} as const;

/** One of {@linkcode LABEL}. */
export type Label = typeof LABEL[keyof typeof LABEL];

const PREFIX = "spike/v1/";
const encoder = new TextEncoder();

/** The full name of a label: `spike/v1/<label>`. */
export function labelText(label: Label): string {
  return PREFIX + label;
}

/**
 * Derives the key for one purpose: HKDF-SHA-256 (RFC 5869), info `spike/v1/<label>`.
 *
 * @param root 32 bytes: the root key, or for {@linkcode LABEL.stream} a cipher key.
 * @param salt The store id (16 bytes); before a store exists, the set id; for a stream, its 32-byte salt.
 * @param length Bytes to derive. Default: 32.
 * @throws {TypeError} for a root or salt of wrong length
 */
export function deriveKey(
  root: Uint8Array,
  salt: Uint8Array,
  label: Label,
  length: number = KEY_BYTES,
): Uint8Array {
  return deriveBytes(root, salt, encoder.encode(labelText(label)), length);
}

/**
 * HKDF-SHA-256 with a given info, for derivations whose context has several members. The info comes from `encodeTuple`:
 * its first byte is a tag, so it never equals a plain label.
 *
 * @throws {TypeError} for a root or salt of wrong length
 */
export function deriveBytes(
  root: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  requireLength(root, KEY_BYTES, "Key to derive from");
  if (salt.length < ID_BYTES) {
    throw new TypeError(`Salt is ${salt.length} bytes long, expected at least ${ID_BYTES}`);
  }
  return hkdf(sha256, root, salt, info, length);
}

/** Key that wraps the key-encryption keys of the store. The caller wipes it. */
export function deriveStorageKey(root: Uint8Array, storeId: Uint8Array): Uint8Array {
  requireLength(storeId, ID_BYTES, "Store id");
  return deriveKey(root, storeId, LABEL.storage);
}

/** Key of Bootstrap's probe for one shard set. The caller wipes it. */
export function deriveVerifyKey(root: Uint8Array, setId: Uint8Array): Uint8Array {
  requireLength(setId, ID_BYTES, "Set id");
  return deriveKey(root, setId, LABEL.verify);
}

/**
 * A value that shows whether a rebuilt root key is correct and reveals nothing else about it. Public: it is stored beside
 * the data and sent with shards.
 */
export function keyCheckValue(root: Uint8Array, salt: Uint8Array): Uint8Array {
  return deriveKey(root, salt, LABEL.check);
}

/** Whether `expected` is the key-check value of `root`, compared in constant time. */
export function matchesKeyCheck(
  root: Uint8Array,
  salt: Uint8Array,
  expected: Uint8Array,
): boolean {
  const actual = keyCheckValue(root, salt);
  const matches = constantTimeEqual(actual, expected);
  wipe(actual);
  return matches;
}
