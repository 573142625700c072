/**
 * What keepers hold, when they give it up, and how a root key is rebuilt from it. Pure: bytes in, decisions
 * out; who asks whom over which connection is the roles' business. Start with `holding.ts` (a keeper's one
 * rule) and `rebuild.ts`.
 *
 * @module
 */
export * from "./holding.ts";
export * from "./keeper_client.ts";
export * from "./manifest.ts";
export * from "./message.ts";
export * from "./rebuild.ts";
export * from "./record.ts";
export * from "./root_key.ts";
export * from "./seal_mark.ts";
export * from "./shard_set.ts";
export * from "./stamp.ts";
export * from "./store_check.ts";
