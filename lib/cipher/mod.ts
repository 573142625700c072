/**
 * The encryption service: encrypts and decrypts for callers under a key that they never see. What it keeps is that
 * one key, wrapped, in the store; what it is given and what it answers is kept nowhere. Start reading at
 * `service.ts`.
 *
 * @module
 */
export * from "./budget.ts";
export * from "./default_key.ts";
export * from "./service.ts";
