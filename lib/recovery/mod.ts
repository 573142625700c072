/**
 * What keepers hold, when they replace it, and how a root key is rebuilt from it. Bytes in, decisions out: it opens no
 * connection, and decides nothing about who may call. Start reading at `holding.ts` (the one rule of a keeper) and
 * `rebuild.ts`.
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
