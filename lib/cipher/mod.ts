/**
 * The encryption service: encrypts and decrypts for callers under keys that they never see. What it keeps is those
 * keys, wrapped, in the store; what it is given and what it answers is kept nowhere. Start reading at `service.ts`
 * (the default key) and `named_service.ts` (named ones).
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
