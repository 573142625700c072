/**
 * Storage of sealed rows: one port, implemented in memory and in SQLite.
 *
 * A store never sees a plaintext or an unwrapped key, and never interprets a sealed row; `lib/secret`, `lib/policy_store`
 * and `lib/cipher` do. Start reading at `port.ts`; `commit_queue.ts` serialises writes and groups them into durable
 * commits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openMemory } from "./mod.ts";
 *
 * const store = openMemory();
 * await store.write((tx) => tx.putMark("greeting", new Uint8Array([1, 2, 3])));
 * assert.deepEqual(await store.mark("greeting"), new Uint8Array([1, 2, 3]));
 * assert.equal(await store.revision(), 1);
 * await store.close();
 * ```
 *
 * @module
 */
export * from "./port.ts";
export { openMemory } from "./memory.ts";
export { openSqlite, type SqliteOptions } from "./sqlite.ts";
export { type DataDirectoryLock, LOCK_FILE, lockDataDirectory } from "./os_lock.ts";
