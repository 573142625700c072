import { createHash } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import { HASH_BYTES } from "./merkle.ts";

/** Two blocks of SHA-256, padding included: leaves and nodes of the tree. */
const SHORT_BYTES = 119;

const fresh = sha256.create();
const state = sha256.create();

/**
 * SHA-256: of records by the operating system's library, which is twice as fast there; of what is short by the portable
 * one, with a state that is used again, since a call of the other costs more than the hash.
 */
export function nativeHash(bytes: Uint8Array): Uint8Array {
  if (bytes.length > SHORT_BYTES) return createHash("sha256").update(bytes).digest();
  const digest = new Uint8Array(HASH_BYTES);
  fresh._cloneInto(state).update(bytes).digestInto(digest);
  return digest;
}
