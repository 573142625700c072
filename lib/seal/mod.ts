/**
 * Cryptography: key derivation, sealing bound to a place, the key hierarchy, and memory that is kept out of swap and core
 * dumps. No other folder uses a cipher. It never stores anything and never logs.
 *
 * All of it is pure (time, randomness and memory are parameters) except `os_random.ts` and `locked_memory.ts`. Start
 * reading at `keyring.ts`.
 *
 * @example Seal a record for one place
 * ```ts
 * import { newKey, openRecord, osRandom, type SealBinding, sealRecord } from "./mod.ts";
 *
 * const kek = newKey(osRandom);
 * const place: SealBinding = {
 *   storeId: osRandom(16),
 *   table: "policy",
 *   path: "acme-read",
 *   version: 0,
 *   kekGeneration: 1,
 * };
 * const sealed = sealRecord(kek, place, new TextEncoder().encode("{}"), osRandom);
 * const opened = new TextDecoder().decode(openRecord(kek, place, sealed));
 * if (opened !== "{}") throw new Error("a record opens at its own place");
 * ```
 *
 * @module
 */
export * from "./aead.ts";
export * from "./budget.ts";
export * from "./cipher_blob.ts";
export * from "./chunker.ts";
export * from "./cipher_header.ts";
export {
  CHUNK_BYTES,
  type ChunkCipher,
  openedLength,
  openStream,
  readStreamHead,
  SEALED_CHUNK_BYTES,
  sealedLength,
  sealStream,
  STREAM_HEAD_BYTES,
  type StreamKey,
  type StreamSealer,
} from "./cipher_stream.ts";

export { isDamage } from "./damage.ts";
export * from "./derive.ts";
export * from "./fill_keyring.ts";
export { BULK_THRESHOLD, NONCE_BYTES, TAG_BYTES } from "./gcm.ts";
export * from "./key_slots.ts";
export * from "./keyring.ts";
export * from "./locked_keyring.ts";
export * from "./locked_memory.ts";
export * from "./os_random.ts";
export * from "./members.ts";
export * from "./mixed_random.ts";
export * from "./named_blob.ts";
export * from "./named_row.ts";
export * from "./place.ts";
export * from "./probe.ts";
export * from "./random.ts";
export * from "./tuple.ts";
