/**
 * A bounded cache that discards the least recently used entry. It never expires entries by time. Start reading at
 * `cache.ts`.
 *
 * @module
 */
export { BoundedCache, isSame } from "./cache.ts";
