/**
 * The encryption service: encrypts and decrypts for callers under keys that they never see. It stores only those keys,
 * wrapped; it never stores a plaintext or a ciphertext, and it never decides who may call it. Start reading at
 * `service.ts` (the default key), then `named_service.ts` (named keys) and `stream_service.ts` (streams).
 *
 * @module
 */
export * from "./budget.ts";
export * from "./default_key.ts";
export * from "./key_head.ts";
export * from "./key_name.ts";
export * from "./key_reader.ts";
export * from "./key_wrap.ts";
export * from "./key_writer.ts";
export * from "./named_service.ts";
export * from "./service.ts";
export * from "./stream_service.ts";
// Types of other folders that the signatures above mention.
export type * from "../error/error.ts";
export type { CipherKey, Encrypted } from "../seal/cipher_blob.ts";
export type { KeySlots } from "../seal/key_slots.ts";
export type { Keyring } from "../seal/keyring.ts";
export type { SealBinding, Table } from "../seal/place.ts";
export type { RandomSource } from "../seal/random.ts";
export type { SealBudget } from "../secret/budget.ts";
export type * from "../store/port.ts";
