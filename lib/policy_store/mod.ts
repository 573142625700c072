/**
 * Policies in a store: sealed on the way in, opened and compiled on the way out.
 *
 * Never decides anything; that is `lib/policy`. Start reading at `record.ts` (what is kept), then `writer.ts` and
 * `reader.ts`.
 *
 * @module
 */
export * from "./reader.ts";
export { POLICY_FORMAT, type PolicyRecord } from "./record.ts";
export * from "./writer.ts";
