/**
 * Where sealed rows are kept: one port, implemented in memory and in SQLite.
 *
 * A store never sees a plaintext or a key; sealing and the meaning of a row are above it (`lib/secret`). Start
 * reading at `port.ts`; `commit_queue.ts` says how writes are serialised and share a durable commit.
 *
 * @module
 */
export * from "./port.ts";
export { openMemory } from "./memory.ts";
export { openSqlite, type SqliteOptions } from "./sqlite.ts";
export { type DataDirectoryLock, LOCK_FILE, lockDataDirectory } from "./os_lock.ts";
